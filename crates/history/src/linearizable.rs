//! Whether some order explains a history of concurrent operations: the search of Wing and Gong
//! with Lowe's memory, as the Porcupine checker describes it.
//!
//! Operations and their returns stand in one list by time. The search takes an operation whose call
//! comes before the first return left, asks the model whether its answer fits, takes it out of the
//! list and starts again from the front; at a return whose operation is still there it goes back.
//! A pair (operations taken, state) that was seen once is never entered again. Operations that
//! never returned have a call only: the search may take them or leave them.
//!
//! Work is counted in steps of the model, not in time, so a verdict is the same on every machine.

use std::collections::{BTreeMap, BTreeSet};

/// What operations do to a state.
pub trait Model {
    /// What the operations work on.
    type State: Clone + Ord;
    /// What was asked.
    type Input;
    /// What was answered.
    type Output;
    /// Operations with different keys do not affect each other; `()` where all do.
    type Key: Ord;

    /// Where every history begins.
    fn initial(&self) -> Self::State;

    /// The part of the state that an operation works on.
    fn key(&self, input: &Self::Input) -> Self::Key;

    /// All states that `input` can lead to when it answers `output`; none when it cannot answer so.
    /// Without an output nobody saw the answer.
    fn step(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: Option<&Self::Output>,
    ) -> Vec<Self::State>;
}

/// One operation of a history.
#[derive(Clone, Debug)]
pub struct Operation<I, O> {
    /// What was asked.
    pub input: I,
    /// When; any unit, only the order counts. A call and a return at one time overlap.
    pub call: u64,
    /// What was answered and when; `None` when no answer came: it may have happened or not.
    pub done: Option<(O, u64)>,
}

/// What the search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Some order explains the history.
    Linearizable,
    /// No order does.
    Violated {
        /// Number, in the history, of an operation that no order could place: the one whose return
        /// stopped the attempt that came furthest.
        stuck: u64,
    },
    /// The bound on work came first.
    Unknown,
}

/// Judges a history with at most `steps_max` steps of the model.
pub fn check<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    steps_max: u64,
) -> Verdict {
    let mut parts: BTreeMap<M::Key, Vec<u32>> = BTreeMap::new();
    for (number, operation) in (0u32..).zip(history) {
        parts.entry(model.key(&operation.input)).or_default().push(number);
    }
    let mut searches: Vec<Search<'_, M>> =
        parts.values().map(|numbers| Search::new(model, history, numbers)).collect();
    // In turns of growing length: one part is enough for a violation, and it need not be the first.
    let mut turn = TURN_STEPS;
    let mut steps_left = steps_max;
    while !searches.is_empty() {
        let mut open = Vec::new();
        for mut search in searches {
            let steps = turn.min(steps_left);
            let mut unused = steps;
            let verdict = search.run(&mut unused);
            steps_left -= steps - unused;
            match verdict {
                Verdict::Linearizable => {}
                Verdict::Unknown => open.push(search),
                violated @ Verdict::Violated { .. } => return violated,
            }
        }
        if steps_left == 0 && !open.is_empty() {
            return Verdict::Unknown;
        }
        searches = open;
        turn = turn.saturating_mul(2);
    }
    Verdict::Linearizable
}

/// Steps of the first turn of each part.
const TURN_STEPS: u64 = 1000;

/// All states that any of `states` can become by one operation, in order and without repetition.
pub fn successors<M: Model>(
    model: &M,
    states: &[M::State],
    input: &M::Input,
    output: Option<&M::Output>,
) -> Vec<M::State> {
    let mut found: Vec<M::State> =
        states.iter().flat_map(|state| model.step(state, input, output)).collect();
    found.sort();
    found.dedup();
    found
}

/// A place in the list of calls and returns.
struct Entry {
    /// Place of the operation in its part of the history.
    operation: u32,
    is_call: bool,
    next: u32,
    previous: u32,
}

/// One operation taken: what to restore when the search goes back.
struct Taken<S> {
    entry: u32,
    states_before: Vec<S>,
}

/// The list is a ring around this entry.
const HEAD: u32 = 0;

/// The search over one part of a history.
struct Search<'a, M: Model> {
    model: &'a M,
    history: &'a [Operation<M::Input, M::Output>],
    /// Numbers of the part's operations in the history.
    numbers: &'a [u32],
    entries: Vec<Entry>,
    /// Place of each operation's return in the list; [`HEAD`] when it never returned.
    returns: Vec<u32>,
    states: Vec<M::State>,
    taken: Vec<Taken<M::State>>,
    /// The operations taken, as bits.
    bits: Vec<u64>,
    seen: BTreeMap<Vec<u64>, BTreeSet<Vec<M::State>>>,
    /// Operations with a return that are not taken.
    left: u32,
    /// The most operations that were taken at a return, and whose return it was.
    furthest: (usize, u32),
    /// Where in the list the search stands.
    place: u32,
}

impl<'a, M: Model> Search<'a, M> {
    fn new(
        model: &'a M,
        history: &'a [Operation<M::Input, M::Output>],
        numbers: &'a [u32],
    ) -> Self {
        // (time, returns after calls, operation)
        let mut events: Vec<(u64, bool, u32)> = Vec::new();
        for (operation, number) in (0u32..).zip(numbers) {
            let what = &history[*number as usize];
            events.push((what.call, false, operation));
            if let Some((_, time)) = &what.done {
                events.push((*time, true, operation));
            }
        }
        events.sort_unstable();
        let mut entries = vec![Entry { operation: 0, is_call: false, next: 1, previous: 0 }];
        let mut returns = vec![HEAD; numbers.len()];
        let mut left = 0;
        for (place, (_, is_return, operation)) in (1u32..).zip(&events) {
            if *is_return {
                returns[*operation as usize] = place;
                left += 1;
            }
            let (next, previous) = (place + 1, place - 1);
            entries.push(Entry { operation: *operation, is_call: !is_return, next, previous });
        }
        let last = (entries.len() - 1) as u32;
        entries[last as usize].next = HEAD;
        entries[HEAD as usize].previous = last;
        Search {
            model,
            history,
            numbers,
            entries,
            returns,
            states: vec![model.initial()],
            taken: Vec::new(),
            bits: vec![0; numbers.len().div_ceil(64)],
            seen: BTreeMap::new(),
            left,
            furthest: (0, 0),
            place: if last == HEAD { HEAD } else { 1 },
        }
    }

    /// Goes on until a verdict or until no steps are left, which is [`Verdict::Unknown`].
    fn run(&mut self, steps_left: &mut u64) -> Verdict {
        while self.left > 0 {
            let entry = &self.entries[self.place as usize];
            let (is_call, next, operation) = (entry.is_call, entry.next, entry.operation);
            if is_call {
                if *steps_left == 0 {
                    return Verdict::Unknown;
                }
                *steps_left -= 1;
                let taken = self.take(self.place);
                self.place = if taken { self.entries[HEAD as usize].next } else { next };
                continue;
            }
            if self.taken.len() >= self.furthest.0 {
                self.furthest = (self.taken.len(), operation);
            }
            match self.put_back() {
                Some(after) => self.place = after,
                None => {
                    let stuck = self.numbers[self.furthest.1 as usize];
                    return Verdict::Violated { stuck: u64::from(stuck) };
                }
            }
        }
        Verdict::Linearizable
    }

    /// Takes the operation called at `place`, if its answer fits and leads to something new.
    fn take(&mut self, place: u32) -> bool {
        let operation = self.entries[place as usize].operation;
        let what = &self.history[self.numbers[operation as usize] as usize];
        let output = what.done.as_ref().map(|(output, _)| output);
        let states = successors(self.model, &self.states, &what.input, output);
        if states.is_empty() {
            return false;
        }
        let (word, bit) = (operation as usize / 64, 1u64 << (operation % 64));
        self.bits[word] |= bit;
        let seen = match self.seen.get_mut(&self.bits) {
            Some(seen) => seen,
            None => self.seen.entry(self.bits.clone()).or_default(),
        };
        if !seen.insert(states.clone()) {
            self.bits[word] &= !bit;
            return false;
        }
        let states_before = std::mem::replace(&mut self.states, states);
        self.taken.push(Taken { entry: place, states_before });
        self.unlink(place);
        let end = self.returns[operation as usize];
        if end != HEAD {
            self.unlink(end);
            self.left -= 1;
        }
        true
    }

    /// Undoes the last take and says where to go on; `None` when there is none.
    fn put_back(&mut self) -> Option<u32> {
        let Taken { entry, states_before } = self.taken.pop()?;
        let operation = self.entries[entry as usize].operation;
        let end = self.returns[operation as usize];
        // In the reverse order of unlinking.
        if end != HEAD {
            self.relink(end);
            self.left += 1;
        }
        self.relink(entry);
        self.bits[operation as usize / 64] &= !(1u64 << (operation % 64));
        self.states = states_before;
        Some(self.entries[entry as usize].next)
    }

    fn unlink(&mut self, place: u32) {
        let Entry { next, previous, .. } = self.entries[place as usize];
        self.entries[previous as usize].next = next;
        self.entries[next as usize].previous = previous;
    }

    fn relink(&mut self, place: u32) {
        let Entry { next, previous, .. } = self.entries[place as usize];
        self.entries[previous as usize].next = place;
        self.entries[next as usize].previous = place;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A register whose write may be lost when `loses`.
    struct Register {
        loses: bool,
    }

    impl Model for Register {
        type State = u32;
        /// What to write; a read without.
        type Input = Option<u32>;
        type Output = u32;
        type Key = ();

        fn initial(&self) -> u32 {
            0
        }

        fn key(&self, _: &Option<u32>) {}

        fn step(&self, state: &u32, input: &Option<u32>, output: Option<&u32>) -> Vec<u32> {
            match input {
                Some(value) if self.loses => vec![*state, *value],
                Some(value) => vec![*value],
                None if output.is_none_or(|output| output == state) => vec![*state],
                None => vec![],
            }
        }
    }

    type Line = (Option<u32>, u64, Option<(u32, u64)>);

    fn verdict(loses: bool, lines: &[Line]) -> Verdict {
        let history: Vec<_> = lines
            .iter()
            .map(|(input, call, done)| Operation { input: *input, call: *call, done: *done })
            .collect();
        check(&Register { loses }, &history, 1000)
    }

    #[test]
    fn overlapping_operations_may_come_in_either_order() {
        let write = (Some(1), 0, Some((0, 10)));
        assert_eq!(verdict(false, &[]), Verdict::Linearizable);
        for seen in [0, 1] {
            let read = (None, 5, Some((seen, 6)));
            assert_eq!(verdict(false, &[write, read]), Verdict::Linearizable);
        }
        let stale = (None, 11, Some((0, 12)));
        assert_eq!(verdict(false, &[write, stale]), Verdict::Violated { stuck: 1 });
        // A call at the very time of a return overlaps with it.
        assert_eq!(verdict(false, &[write, (None, 10, Some((0, 12)))]), Verdict::Linearizable);
    }

    #[test]
    fn what_never_returned_may_have_happened_at_any_later_time_or_never() {
        let lost = (Some(7), 0, None);
        let old = (None, 10, Some((0, 11)));
        let new = (None, 20, Some((7, 21)));
        assert_eq!(verdict(false, &[lost, old]), Verdict::Linearizable);
        assert_eq!(verdict(false, &[lost, old, new]), Verdict::Linearizable);
        let again = (None, 30, Some((0, 31)));
        assert_eq!(verdict(false, &[lost, old, new, again]), Verdict::Violated { stuck: 3 });
    }

    #[test]
    fn a_model_may_have_several_next_states() {
        let write = (Some(1), 0, Some((0, 1)));
        let old = (None, 2, Some((0, 3)));
        let new = (None, 4, Some((1, 5)));
        assert_eq!(verdict(true, &[write, old]), Verdict::Linearizable);
        assert_eq!(verdict(true, &[write, new]), Verdict::Linearizable);
        // Lost is lost.
        assert_eq!(verdict(true, &[write, old, new]), Verdict::Violated { stuck: 2 });
    }

    #[test]
    fn the_bound_on_work_gives_no_verdict() {
        let history: Vec<Operation<Option<u32>, u32>> = (0..20)
            .map(|n| Operation { input: Some(n), call: 0, done: Some((0, 100)) })
            .chain([Operation { input: None, call: 200, done: Some((99, 201)) }])
            .collect();
        assert_eq!(check(&Register { loses: false }, &history, 50), Verdict::Unknown);
        assert_eq!(check(&Register { loses: false }, &history, 0), Verdict::Unknown);
    }
}
