//! Chains of certificates up to an authority that is trusted (Go's `Certificate.Verify`).
//!
//! The order of the checks is Go's, because the first that fails gives the text: the owner's own
//! certificate, its names, a chain, usages.

use crate::certificate::CERT_SIGN;
use crate::time::rfc3339;
use crate::{Certificate, Error};

/// Signatures to check for one chain at most, so that a heap of certificates with one name ends.
const SIGNATURES_MAX: u32 = 100;

/// What a certificate is presented for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtKeyUsage {
    ServerAuth,
    ClientAuth,
}

/// What a chain is judged by.
#[derive(Clone, Copy, Debug)]
pub struct VerifyOptions<'a> {
    pub roots: &'a [Certificate],
    /// The host that the certificate must be valid for, if it is a server's.
    pub host: Option<&'a str>,
    /// Unix time.
    pub now_s: i64,
    pub usage: ExtKeyUsage,
}

/// The place of a certificate in its chain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Leaf,
    Intermediate,
    Root,
}

/// Checks the first certificate of a chain as it was presented; the others may help to reach a root.
pub fn verify(chain: &[Certificate], options: &VerifyOptions<'_>) -> Result<(), Error> {
    let Some((leaf, intermediates)) = chain.split_first() else {
        return Err(Error::UnknownAuthority(None));
    };
    is_valid(leaf, Place::Leaf, &[], options)?;
    if let Some(host) = options.host {
        leaf.verify_host(host)?;
    }
    let mut search = Search { options, intermediates, signatures: 0, usable: false };
    if options.roots.contains(leaf) {
        search.found(&[leaf]);
    } else {
        search.parents(&mut vec![leaf])?;
    }
    if search.usable { Ok(()) } else { Err(Error::IncompatibleUsage) }
}

/// The search for chains.
struct Search<'a> {
    options: &'a VerifyOptions<'a>,
    intermediates: &'a [Certificate],
    signatures: u32,
    /// A chain was found that may be used for what it is presented for.
    usable: bool,
}

impl<'a> Search<'a> {
    /// Goes on from the last of a chain; `Ok` if a root was reached.
    fn parents(&mut self, chain: &mut Vec<&'a Certificate>) -> Result<(), Error> {
        let child = chain[chain.len() - 1];
        let (options, intermediates) = (self.options, self.intermediates);
        let roots = options.roots.iter().map(|root| (root, Place::Root));
        let others = intermediates.iter().map(|other| (other, Place::Intermediate));
        let (mut reached, mut error, mut hint) = (false, None, None);
        for (candidate, place) in roots.chain(others) {
            let is_in_chain = chain.iter().any(|link| {
                link.subject == candidate.subject && link.public_key == candidate.public_key
            });
            if candidate.subject != child.issuer || is_in_chain {
                continue;
            }
            self.signatures += 1;
            if self.signatures > SIGNATURES_MAX {
                error = Some(Error::TooManySignatures);
                continue;
            }
            if let Err(why) = check_signature(child, candidate) {
                hint.get_or_insert((Box::new(why), candidate.display_name()));
                continue;
            }
            if let Err(why) = is_valid(candidate, place, chain, options) {
                error = Some(why);
                continue;
            }
            chain.push(candidate);
            let end = match place {
                Place::Root => {
                    self.found(chain);
                    Ok(())
                }
                _ => self.parents(chain),
            };
            chain.pop();
            match end {
                Ok(()) => reached = true,
                Err(why) => error = Some(why),
            }
        }
        if reached { Ok(()) } else { Err(error.unwrap_or(Error::UnknownAuthority(hint))) }
    }

    /// A chain up to a root: everybody in it must allow what it is presented for.
    fn found(&mut self, chain: &[&Certificate]) {
        self.usable |= chain.iter().all(|link| {
            let listed = link.ext_key_usage;
            let wanted = match self.options.usage {
                ExtKeyUsage::ServerAuth => listed.server,
                ExtKeyUsage::ClientAuth => listed.client,
            };
            !listed.limited || listed.any || wanted
        });
    }
}

/// `CheckSignatureFrom`.
fn check_signature(child: &Certificate, parent: &Certificate) -> Result<(), Error> {
    let may_not = match parent.is_ca {
        None => parent.is_v3,
        Some(is_ca) => !is_ca,
    };
    if may_not || (parent.key_usage != 0 && parent.key_usage & CERT_SIGN == 0) {
        return Err(Error::ParentCannotSign);
    }
    if !child.is_ecdsa_sha256 {
        return Err(Error::NotInLab("signatures of this kind"));
    }
    parent.public_key.verify(&child.signed, &child.signature)
}

/// `isValid`: what can be said of a certificate in its place, with what stands below it.
fn is_valid(
    certificate: &Certificate,
    place: Place,
    below: &[&Certificate],
    options: &VerifyOptions<'_>,
) -> Result<(), Error> {
    if certificate.has_unhandled_critical {
        return Err(Error::UnhandledCriticalExtension);
    }
    let (now_s, from_s, to_s) = (options.now_s, certificate.not_before_s, certificate.not_after_s);
    let detail = |word: &str, other_s: i64| {
        format!("current time {} is {word} {}", rfc3339(now_s), rfc3339(other_s))
    };
    if now_s < from_s {
        return Err(Error::Expired(detail("before", from_s)));
    }
    if now_s > to_s {
        return Err(Error::Expired(detail("after", to_s)));
    }
    if place == Place::Intermediate && certificate.is_ca != Some(true) {
        return Err(Error::NotAuthorizedToSign);
    }
    let intermediates = below.len().saturating_sub(1);
    if certificate.path_len_max.is_some_and(|most| intermediates > most as usize) {
        return Err(Error::TooManyIntermediates);
    }
    Ok(())
}
