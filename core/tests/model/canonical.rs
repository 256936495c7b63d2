//! The canonical view: two states are one if nothing that can still happen tells
//! them apart. It is read off the text of `Debug`, so that no field can be
//! forgotten: times become relative to now, names and nonces are renumbered in the
//! order in which they appear, generations are relative to the store's.

use evergrant::Op;
use std::{
    cell::RefCell,
    fmt::{self, Write as _},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    ops::Deref,
    sync::Arc,
};

/// The unit of discrete time, in milliseconds: an observer's poll.
pub const TICK: u64 = 500;

/// Where time begins; numbers near it are times.
pub const START: u64 = 1_700_000_000_000;

/// A text without what must be renumbered, and that, in its order.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    skeleton: u64,
    slots: Vec<Slot>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    /// A name: of a token, an op, a nonce, a revision.
    Name(u64),
    /// A time that has been, from which something is counted.
    Since(u64),
    /// When a token was issued: after its life of two ticks as one long ago.
    Issued(u64),
    /// A time that passes: once it has, it does not matter when.
    Until(u64),
    /// A time to which others are compared.
    Cut(u64),
    Generation(u64),
}

thread_local! {
    static TEXT: RefCell<(String, Vec<u8>)> = const { RefCell::new((String::new(), Vec::new())) };
}

impl Shape {
    pub fn of(what: fmt::Arguments<'_>) -> Self {
        TEXT.with_borrow_mut(|(text, skeleton)| {
            text.clear();
            skeleton.clear();
            text.write_fmt(what).expect("writing to memory");
            let slots = scan(text.as_bytes(), skeleton);
            let mut hash = DefaultHasher::new();
            hash.write(skeleton);
            Self { skeleton: hash.finish(), slots }
        })
    }

    /// Some order, the same for equal texts.
    pub fn order(&self) -> u64 {
        self.skeleton
    }

    /// Whether this op is waited for.
    pub fn awaits(&self, op: Op) -> bool {
        self.slots.contains(&Slot::Name(op.0))
    }

    /// Whether this name stands somewhere in the text.
    pub fn mentions(&self, name: &str) -> bool {
        self.slots.contains(&Slot::Name(hash_of(name.as_bytes())))
    }
}

/// A value with its shape.
#[derive(Clone, Debug)]
pub struct Shaped<T> {
    value: Arc<T>,
    shape: Arc<Shape>,
}

impl<T: Clone + fmt::Debug> Shaped<T> {
    pub fn new(value: T) -> Self {
        let shape = Arc::new(Shape::of(format_args!("{value:?}")));
        Self { value: Arc::new(value), shape }
    }

    pub fn change<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(Arc::make_mut(&mut self.value));
        self.shape = Arc::new(Shape::of(format_args!("{:?}", self.value)));
        result
    }

    pub fn shape(&self) -> &Shape {
        &self.shape
    }
}

impl<T> Deref for Shaped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// What times and generations are relative to.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    pub now: u64,
    pub generation: u64,
    /// How far back any rule looks.
    pub horizon: u64,
}

/// One number for several texts, in this order.
pub fn fold<'a>(shapes: impl Iterator<Item = &'a Shape> + Clone, origin: &Origin) -> u64 {
    let mut hash = DefaultHasher::new();
    let mut names: Vec<u64> = Vec::with_capacity(64);
    let old = |time: u64| time + origin.horizon < origin.now;
    let mut cuts: Vec<u64> = Vec::new();
    for slot in shapes.clone().flat_map(|shape| &shape.slots) {
        if let Slot::Cut(time) = *slot
            && !cuts.contains(&time)
        {
            cuts.push(time);
        }
    }
    // Long ago: only before or after what else matters.
    let since_cuts = |time| cuts.iter().filter(|cut| **cut < time).count() as i64 - 1_000_000;
    for shape in shapes {
        hash.write_u64(shape.skeleton);
        for slot in &shape.slots {
            let number = match *slot {
                Slot::Name(name) => {
                    let known = names.iter().position(|known| *known == name);
                    let place = known.unwrap_or_else(|| {
                        names.push(name);
                        names.len() - 1
                    });
                    place as i64
                }
                Slot::Since(time) | Slot::Cut(time) if old(time) => since_cuts(time),
                Slot::Issued(time) if time + 2 * TICK < origin.now => since_cuts(time),
                Slot::Since(time) | Slot::Cut(time) | Slot::Issued(time) => {
                    time as i64 - origin.now as i64
                }
                Slot::Until(time) => (time as i64 - origin.now as i64).max(0),
                Slot::Generation(generation) => generation as i64 - origin.generation as i64,
            };
            hash.write_i64(number);
        }
    }
    hash.finish()
}

/// Sorts the words of a text: what is renumbered becomes a slot, the rest stays.
fn scan(text: &[u8], skeleton: &mut Vec<u8>) -> Vec<Slot> {
    let mut slots = Vec::with_capacity(96);
    let mut field: &[u8] = b"";
    let mut at = 0;
    while at < text.len() {
        let start = at;
        while at < text.len() && is_of_word(text[at]) {
            at += 1;
        }
        if at == start {
            skeleton.push(text[at]);
            at += 1;
            continue;
        }
        let word = &text[start..at];
        if word.iter().all(u8::is_ascii_digit) && word.len() < 21 {
            number(word, field, &mut slots, skeleton);
        } else if matches!(word.len(), 22 | 43) {
            slots.push(Slot::Name(hash_of(word)));
            skeleton.push(b'#');
        } else {
            skeleton.extend_from_slice(word);
            let is_field = matches!(text.get(at..at + 2), Some([b':', _] | [b'"', b':']));
            if is_field || word == b"Op" {
                field = word;
            }
        }
    }
    slots
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn number(digits: &[u8], field: &[u8], slots: &mut Vec<Slot>, skeleton: &mut Vec<u8>) {
    let value = digits
        .iter()
        .fold(0_u64, |value, digit| value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
    let is_time = value.abs_diff(START) < 1_000_000_000;
    match field {
        b"Op" => slots.push(Slot::Name(value)),
        b"generation" | b"gen" | b"begun_in" | b"disconnected_gen" | b"rejected" | b"renewed"
        | b"served" | b"refused" | b"refreshed" => {
            slots.push(Slot::Generation(value));
        }
        // It is counted and said, and no rule looks at it.
        b"attempt" => return,
        // No pause grows any more.
        b"failures" => return skeleton.push(b'0' + value.min(3) as u8),
        // Older than any takeover.
        b"store_age" | b"age" => return skeleton.push(b'0' + (value / TICK).min(20) as u8),
        b"disconnected_at" if is_time => slots.push(Slot::Cut(value)),
        b"at" | b"until" | b"set" | b"give_up_at" | b"retry_at" | b"next_at" | b"expires_at"
        | b"access_exp" | b"due_at"
            if is_time =>
        {
            slots.push(Slot::Until(value));
        }
        b"obtained_at" if is_time => slots.push(Slot::Issued(value)),
        _ if is_time => slots.push(Slot::Since(value)),
        _ => return skeleton.extend_from_slice(digits),
    }
    skeleton.push(b'#');
}

fn hash_of(word: &[u8]) -> u64 {
    let mut hash = DefaultHasher::new();
    word.hash(&mut hash);
    hash.finish()
}
