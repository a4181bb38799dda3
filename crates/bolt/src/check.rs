//! The full walk: every page in use once, every other one free (bbolt's `Tx.Check`).
//!
//! bbolt reports all that it finds; here the first fault ends the walk.

use crate::cursor::{Cursor, MAX_DEPTH, Root, Step};
use crate::page::{BUCKET_FLAG, FREELIST_FLAG};
use crate::{Db, Error, Fault};

impl Db {
    /// Walks through every page of every bucket, buckets inside buckets too. What passes is read by
    /// everything else here in a time that is proportional to the file's size.
    ///
    /// # Errors
    /// The first fault found: pages that are broken, reached twice, both in use and free, or neither,
    /// and keys that do not ascend.
    pub fn check(&self) -> Result<(), Error> {
        // As many bytes as the file has pages, which are all there.
        let mut pages = Pages { db: self, uses: vec![Use::None; self.high_water() as usize] };
        pages.uses.iter_mut().take(2).for_each(|meta| *meta = Use::Reached);
        let listed = self.meta().freelist.is_some();
        if let Some(id) = self.meta().freelist {
            pages.freelist(id)?;
        }
        pages.tree(Root::Page(self.meta().root), 0)?;
        match pages.uses.iter().position(|state| *state == Use::None) {
            Some(id) if listed => {
                Err(Error::Page { id: id as u64, fault: Fault::UnreachableUnfreed })
            }
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Use {
    None,
    Free,
    Reached,
}

struct Pages<'a> {
    db: &'a Db,
    uses: Vec<Use>,
}

impl<'a> Pages<'a> {
    fn freelist(&mut self, id: u64) -> Result<(), Error> {
        let (page, pages) = self.db.page(id)?;
        if page.flags != FREELIST_FLAG {
            return Err(page.fault(Fault::InvalidType));
        }
        self.reach(id, pages)?;
        for free in page.free_ids()? {
            let fault = match usize::try_from(free).ok().and_then(|free| self.uses.get_mut(free)) {
                Some(state @ Use::None) => {
                    *state = Use::Free;
                    continue;
                }
                Some(Use::Free) => Fault::AlreadyFreed,
                Some(Use::Reached) => Fault::ReachableFreed,
                None => Fault::OutOfBounds,
            };
            return Err(Error::Page { id: free, fault });
        }
        Ok(())
    }

    fn tree(&mut self, root: Root<'a>, depth: usize) -> Result<(), Error> {
        let mut cursor = Cursor::new(self.db, root);
        while let Some(step) = cursor.step() {
            match step? {
                Step::Page { id, pages } => self.reach(id, pages)?,
                Step::Item(element) if element.flags & BUCKET_FLAG != 0 => {
                    if depth == MAX_DEPTH {
                        let id = if let Root::Page(id) = root { id } else { 0 };
                        return Err(Error::Page { id, fault: Fault::TooDeep });
                    }
                    self.tree(Root::of_bucket(element.value)?, depth + 1)?;
                }
                Step::Item(_) if depth == 0 => return Err(Error::IncompatibleValue),
                Step::Item(_) => {}
            }
        }
        Ok(())
    }

    /// Takes note of a page in use and of those that it runs over to, which are all below the high
    /// water mark.
    fn reach(&mut self, id: u64, pages: u64) -> Result<(), Error> {
        for id in id..id + pages {
            let state = &mut self.uses[id as usize];
            let fault = match state {
                Use::None => {
                    *state = Use::Reached;
                    continue;
                }
                Use::Free => Fault::ReachableFreed,
                Use::Reached => Fault::MultipleReferences,
            };
            return Err(Error::Page { id, fault });
        }
        Ok(())
    }
}
