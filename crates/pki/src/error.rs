//! Why a file does not load or a certificate is refused, in Go's words.

use std::fmt;

/// What can be wrong. The texts are those of `crypto/tls` and `crypto/x509`, but for
/// [`Error::NotInLab`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A certificate file without any PEM block.
    NoCertificateData,
    /// A certificate file with a key in it.
    Switched,
    /// A certificate file with other blocks only; their labels.
    NoCertificateBlock(Vec<String>),
    /// A key file without any PEM block.
    NoKeyData,
    /// A key file with a certificate in it.
    CertificateForKey,
    /// A key file with other blocks only; their labels.
    NoKeyBlock(Vec<String>),
    /// A block that says it is a key and is none.
    BadKey,
    KeyTypeMismatch,
    KeyMismatch,
    /// A certificate that does not parse; which part of it.
    Malformed(&'static str),
    /// Something that real tools take and the lab does not; what it is.
    NotInLab(&'static str),
    /// Not the time for it; Go's sentence about the two times.
    Expired(String),
    /// No chain to an authority. The hint is for a candidate that has the right name: why it is not
    /// the one, and what it is called.
    UnknownAuthority(Option<(Box<Error>, String)>),
    /// A name that the certificate does not have; the whole sentence.
    HostName(String),
    IncompatibleUsage,
    NotAuthorizedToSign,
    TooManyIntermediates,
    UnhandledCriticalExtension,
    /// A parent that may not sign certificates.
    ParentCannotSign,
    BadSignature,
    /// A chain of too many candidates.
    TooManySignatures,
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoCertificateBlock(labels) => {
                f.write_str(
                    "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after \
                     skipping PEM blocks of the following types: ",
                )?;
                go_list(f, labels)
            }
            Error::NoKeyBlock(labels) => {
                f.write_str(
                    "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key \
                     input after skipping PEM blocks of the following types: ",
                )?;
                go_list(f, labels)
            }
            Error::Malformed(part) => write!(f, "x509: malformed {part}"),
            Error::NotInLab(what) => {
                write!(f, "not in this lab: {what}; it knows ECDSA P-256 with SHA-256")
            }
            Error::Expired(detail) => {
                write!(f, "x509: certificate has expired or is not yet valid: {detail}")
            }
            Error::UnknownAuthority(hint) => {
                f.write_str("x509: certificate signed by unknown authority")?;
                let Some((why, name)) = hint else { return Ok(()) };
                write!(
                    f,
                    " (possibly because of {:?} while trying to verify candidate authority \
                     certificate {name:?})",
                    why.to_string()
                )
            }
            Error::HostName(text) => f.write_str(text),
            plain => f.write_str(plain.text()),
        }
    }
}

impl Error {
    /// The texts without anything to fill in.
    fn text(&self) -> &'static str {
        match self {
            Error::NoCertificateData => "tls: failed to find any PEM data in certificate input",
            Error::Switched => {
                "tls: failed to find certificate PEM data in certificate input, but did find a \
                 private key; PEM inputs may have been switched"
            }
            Error::NoKeyData => "tls: failed to find any PEM data in key input",
            Error::CertificateForKey => {
                "tls: found a certificate rather than a key in the PEM for the private key"
            }
            Error::BadKey => "tls: failed to parse private key",
            Error::KeyTypeMismatch => "tls: private key type does not match public key type",
            Error::KeyMismatch => "tls: private key does not match public key",
            Error::IncompatibleUsage => "x509: certificate specifies an incompatible key usage",
            Error::NotAuthorizedToSign => {
                "x509: certificate is not authorized to sign other certificates"
            }
            Error::TooManyIntermediates => {
                "x509: too many intermediates for path length constraint"
            }
            Error::UnhandledCriticalExtension => "x509: unhandled critical extension",
            Error::ParentCannotSign => {
                "x509: invalid signature: parent certificate cannot sign this kind of certificate"
            }
            Error::BadSignature => "x509: ECDSA verification failure",
            Error::TooManySignatures => {
                "x509: signature check attempts limit reached while verifying certificate chain"
            }
            _ => "",
        }
    }
}

/// A list as Go's `%v` prints it.
fn go_list(f: &mut fmt::Formatter<'_>, items: &[String]) -> fmt::Result {
    write!(f, "[{}]", items.join(" "))
}
