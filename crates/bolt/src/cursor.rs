//! A walk through one tree, in the order of its keys: pages as they are entered, elements as they come.
//!
//! It ends, whatever the bytes say: all pages that it enters together are no more than the file has,
//! and it goes no deeper than [`MAX_DEPTH`]. What it reads is as long as the file at most.

use std::cmp::Ordering;

use crate::page::{BRANCH_FLAG, BUCKET_HEADER_BYTES, Element, LEAF_FLAG, Page, u64_at};
use crate::{Db, Error, Fault};

/// Trees of bbolt double with every level, and etcd's have no buckets inside buckets.
pub(crate) const MAX_DEPTH: usize = 64;

/// What is met.
pub(crate) enum Step<'a> {
    /// A page is entered, which is so many pages long.
    Page { id: u64, pages: u64 },
    /// An element of a leaf.
    Item(Element<'a>),
}

/// Where a tree begins.
#[derive(Clone, Copy)]
pub(crate) enum Root<'a> {
    Page(u64),
    /// The one leaf of an inline bucket.
    Inline(&'a [u8]),
}

/// Where a walk is.
pub(crate) struct Cursor<'a> {
    db: &'a Db,
    /// What is to be entered next.
    ahead: Option<Root<'a>>,
    stack: Vec<Frame<'a>>,
    /// Pages that may still be entered.
    budget: u64,
    /// What the next key must be greater than, or equal to when it stood in a branch.
    floor: &'a [u8],
    floor_in_branch: bool,
}

struct Frame<'a> {
    page: Page<'a>,
    next: u16,
    /// Where the elements so far end in the page.
    used: usize,
}

impl<'a> Root<'a> {
    /// Where the bucket begins that is the value `value`.
    pub(crate) fn of_bucket(value: &'a [u8]) -> Result<Root<'a>, Error> {
        let (head, inline) =
            value.split_at_checked(BUCKET_HEADER_BYTES).ok_or(Error::IncompatibleValue)?;
        Ok(match u64_at(head, 0) {
            0 => Root::Inline(inline),
            id => Root::Page(id),
        })
    }
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(db: &'a Db, root: Root<'a>) -> Cursor<'a> {
        Cursor {
            db,
            ahead: Some(root),
            stack: vec![],
            budget: db.high_water(),
            floor: &[],
            floor_in_branch: true,
        }
    }

    /// The next step; after an error there is none.
    pub(crate) fn step(&mut self) -> Option<Result<Step<'a>, Error>> {
        let step = self.try_step().transpose();
        if let Some(Err(_)) = step {
            self.ahead = None;
            self.stack.clear();
        }
        step
    }

    fn try_step(&mut self) -> Result<Option<Step<'a>>, Error> {
        loop {
            match self.ahead.take() {
                Some(Root::Page(id)) => return self.enter(id).map(Some),
                Some(Root::Inline(bytes)) => self.push(Page::inline(bytes)?),
                None => {}
            }
            let Some(frame) = self.stack.last_mut() else { return Ok(None) };
            if frame.next == frame.page.count {
                self.stack.pop();
                continue;
            }
            let (element, used) = frame.page.element(frame.next, frame.used)?;
            frame.next += 1;
            frame.used = used;
            let in_branch = frame.page.flags == BRANCH_FLAG;
            match self.floor.cmp(element.key) {
                Ordering::Less => {}
                Ordering::Equal if self.floor_in_branch => {}
                _ => return Err(frame.page.fault(Fault::KeyOrder)),
            }
            self.floor = element.key;
            self.floor_in_branch = in_branch;
            if !in_branch {
                return Ok(Some(Step::Item(element)));
            }
            self.ahead = Some(Root::Page(element.child));
        }
    }

    fn enter(&mut self, id: u64) -> Result<Step<'a>, Error> {
        let (page, pages) = self.db.page(id)?;
        if page.flags != BRANCH_FLAG && page.flags != LEAF_FLAG {
            return Err(page.fault(Fault::InvalidType));
        }
        if self.stack.len() == MAX_DEPTH {
            return Err(page.fault(Fault::TooDeep));
        }
        let left = self.budget.checked_sub(pages);
        self.budget = left.ok_or(page.fault(Fault::MultipleReferences))?;
        self.push(page);
        Ok(Step::Page { id, pages })
    }

    fn push(&mut self, page: Page<'a>) {
        self.stack.push(Frame { page, next: 0, used: page.data_start() });
    }
}
