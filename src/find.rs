//! Finding a name by a few of its letters: exact before prefix before beginnings of words before letters in order.
//!
//! It knows texts and numbers and nothing of what they stand for. A search looks at each text once, most of them at
//! eight bytes only, so that it takes far less than a frame for tens of thousands of names. Nothing here recurses or
//! backtracks.

use memchr::memmem::Finder;

/// Texts that can be found. The number of a text is its place in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Index {
    entries: Vec<Entry>,
    /// All texts in lower case, one after the other: a search walks through memory once.
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Which bytes occur.
    mask: u64,
    /// Which bytes begin a word.
    starts: u64,
    start: u32,
    len: u16,
    /// Among equally good ones the lower comes first.
    weight: u8,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many texts fit.
    pub total: usize,
    /// The best of them, the best first.
    pub best: Vec<usize>,
}

/// The most bytes of a text that are searched, and of a pattern.
const MOST: usize = 512;

/// How well a text fits; the smaller the better. Ties are broken by the order in which the texts came.
type Rank = (Class, u8, u16, u16, u32);

/// How a pattern lies in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// It is the text.
    Exact,
    /// The text begins with it.
    Prefix,
    /// A word of the text begins with it.
    Word,
    /// Its letters are beginnings of words: `hrt` in `http_requests_total`.
    Initials,
    /// Its letters occur in their order; the closer the better.
    Letters,
}

impl Index {
    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a text; of equally good ones those of a lower weight come first.
    pub fn push(&mut self, text: &str, weight: u8) {
        let start = self.bytes.len();
        if text.is_ascii() {
            self.bytes.extend(text.bytes().take(MOST).map(|byte| byte.to_ascii_lowercase()));
        } else {
            self.bytes.extend(text.to_lowercase().bytes().take(MOST));
        }
        let added = self.bytes.get(start..).unwrap_or_default();
        let entry = Entry {
            mask: mask(added.iter().copied()),
            starts: mask(
                added.iter().enumerate().filter(|(at, _)| begins(added, *at)).map(|(_, byte)| *byte),
            ),
            start: u32::try_from(start).unwrap_or(u32::MAX),
            len: u16::try_from(added.len()).unwrap_or(u16::MAX),
            weight,
        };
        self.entries.push(entry);
    }

    fn text(&self, entry: &Entry) -> &[u8] {
        let start = entry.start as usize;
        self.bytes.get(start..start + usize::from(entry.len)).unwrap_or_default()
    }

    /// The texts that fit `pattern`, of those whose number `may` lets through: words of a pattern must all occur. An
    /// empty pattern fits everything, in the order in which the texts came.
    pub fn find(&self, pattern: &str, most: usize, mut may: impl FnMut(usize) -> bool) -> Found {
        let lower: String = pattern.to_lowercase();
        let words: Vec<Pattern<'_>> =
            lower.split_whitespace().map(|word| Pattern::new(word.as_bytes())).collect();
        let wanted = words.iter().fold(0, |all, word| all | word.mask);
        let mut found = Found::default();
        let mut best: Vec<Rank> = Vec::with_capacity(most + 1);
        for (number, entry) in self.entries.iter().enumerate() {
            if entry.mask & wanted != wanted || !may(number) {
                continue;
            }
            let Some((class, spread)) = rank(&words, self.text(entry), entry.starts) else { continue };
            found.total += 1;
            let rank = (class, entry.weight, spread, entry.len, number as u32);
            let rank = if words.is_empty() { (class, 0, 0, 0, number as u32) } else { rank };
            if best.len() < most || best.last().is_some_and(|last| rank < *last) {
                let at = best.partition_point(|known| *known < rank);
                best.insert(at, rank);
                best.truncate(most);
            }
        }
        found.best = best.into_iter().map(|rank| rank.4 as usize).collect();
        found
    }
}

struct Pattern<'p> {
    bytes: &'p [u8],
    mask: u64,
    /// The bit of its first byte.
    first: u64,
    finder: Finder<'p>,
}

impl<'p> Pattern<'p> {
    fn new(word: &'p [u8]) -> Self {
        let bytes = word.get(..word.len().min(MOST)).unwrap_or_default();
        let first = mask(bytes.iter().copied().take(1));
        Self { bytes, mask: mask(bytes.iter().copied()), first, finder: Finder::new(bytes) }
    }
}

/// Which bytes occur: letters and digits each have a bit, the others share the rest.
fn mask(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0, |mask, byte| {
        let bit = match byte {
            b'a'..=b'z' => byte - b'a',
            b'0'..=b'9' => 26 + byte - b'0',
            other => 36 + other % 28,
        };
        mask | 1 << bit
    })
}

/// How the words of a pattern lie in a text: the worst of them counts.
fn rank(words: &[Pattern<'_>], text: &[u8], starts: u64) -> Option<(Class, u16)> {
    let mut all = (Class::Exact, 0_u16);
    for word in words {
        let (class, spread) = one(word, text, starts)?;
        all = (all.0.max(class), all.1.saturating_add(spread));
    }
    Some(all)
}

fn one(word: &Pattern<'_>, text: &[u8], starts: u64) -> Option<(Class, u16)> {
    if text.starts_with(word.bytes) {
        return Some((if text.len() == word.bytes.len() { Class::Exact } else { Class::Prefix }, 0));
    }
    let opens = word.first & starts == word.first;
    let mut inside = false;
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| word.finder.find(rest)) {
        let at = from + at;
        if begins(text, at) {
            return Some((Class::Word, u16::try_from(at).unwrap_or(u16::MAX)));
        }
        inside = true;
        // No word begins with it: where it lies makes no difference.
        if !opens {
            break;
        }
        from = at + 1;
    }
    // One letter somewhere says nothing; one character of a script without blanks does.
    if word.bytes.len() < 2 {
        return None;
    }
    if opens && initials(word.bytes, text) {
        return Some((Class::Initials, 0));
    }
    if inside {
        return Some((Class::Letters, 0));
    }
    letters(word.bytes, text).map(|spread| (Class::Letters, spread))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Does a word begin here?
fn begins(text: &[u8], at: usize) -> bool {
    let here = text.get(at).copied().is_some_and(is_word);
    let before = at.checked_sub(1).and_then(|at| text.get(at)).copied().is_some_and(is_word);
    here && !before
}

/// Is each letter the next of the word that is being read, or the first of a later one? Taken greedily, which misses
/// few and costs one pass.
fn initials(pattern: &[u8], text: &[u8]) -> bool {
    let mut next = 0;
    let mut reading = false;
    for (at, byte) in text.iter().enumerate() {
        let Some(wanted) = pattern.get(next) else { return true };
        reading = byte == wanted && (reading || begins(text, at));
        next += usize::from(reading);
    }
    next == pattern.len()
}

/// Where all letters occur in order: how many others lie between them, at the first place where they end.
fn letters(pattern: &[u8], text: &[u8]) -> Option<u16> {
    let mut end = 0;
    for byte in pattern {
        end += memchr::memchr(*byte, text.get(end..)?)? + 1;
    }
    // Back from there: the closest that they can begin.
    let mut start = end;
    for byte in pattern.iter().rev() {
        start = memchr::memrchr(*byte, text.get(..start)?)?;
    }
    let between = (end - start).saturating_sub(pattern.len());
    // Letters strewn over a long text are no name that somebody began to type.
    (between <= pattern.len() + pattern.len() / 2 + 2).then(|| u16::try_from(between).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &[&str], pattern: &str) -> Vec<String> {
        let mut index = Index::default();
        for text in texts {
            index.push(text, 0);
        }
        let found = index.find(pattern, 10, |_| true);
        assert_eq!(found.total, found.best.len());
        found.best.into_iter().map(|at| texts[at].to_owned()).collect()
    }

    #[test]
    fn exact_comes_before_prefix_before_words_before_letters() {
        for (pattern, texts, wanted) in [
            ("chk", &["cache", "checkout", "catalog-hk", "search"][..], &["catalog-hk", "checkout"][..]),
            (
                "check",
                &["precheck", "a check", "checkout", "check"],
                &["check", "checkout", "a check", "precheck"],
            ),
            ("CHECK", &["Checkout"], &["Checkout"]),
            ("hrt", &["http_requests_total", "shorts", "heart"], &["http_requests_total", "shorts", "heart"]),
            (
                "req",
                &["http_requests_total", "requests", "prereq"],
                &["requests", "http_requests_total", "prereq"],
            ),
            ("s", &["search", "slos", "accounts", "a slo"], &["slos", "search", "a slo"]),
            ("", &["b", "a"], &["b", "a"]),
            ("   ", &["b", "a"], &["b", "a"]),
            (
                "pay res",
                &["restart payments", "pay-restore", "payments"],
                &["pay-restore", "restart payments"],
            ),
            ("東", &["東京", "京東"], &["東京", "京東"]),
            ("é", &["É"], &["É"]),
            ("zz", &["z"], &[]),
            ("abc", &["xa-------xb-------xc", "xa-xb-xc"], &["xa-xb-xc"]),
            ("aab", &["ab", "aab", "xaxab"], &["aab", "xaxab"]),
        ] {
            let mut seen = found(texts, pattern);
            // Order among equals is by length, then by place.
            if pattern == "chk" {
                seen.sort();
            }
            assert_eq!(seen, wanted, "{pattern:?}");
        }
    }

    #[test]
    fn equals_keep_their_order_and_weights_come_first() {
        let mut index = Index::default();
        for (text, weight) in [("alpha", 2), ("alphb", 1), ("alphc", 1), ("alphd", 2)] {
            index.push(text, weight);
        }
        assert_eq!(index.find("alph", 10, |_| true).best, [1, 2, 0, 3]);
        assert_eq!(index.find("alph", 2, |_| true), Found { total: 4, best: vec![1, 2] });
        assert_eq!(index.find("alph", 10, |at| at != 1).best, [2, 0, 3]);
        assert_eq!(index.find("", 10, |_| true).best, [0, 1, 2, 3]);
    }

    #[test]
    fn long_and_odd_texts_are_searched_in_part() {
        let mut index = Index::default();
        for text in ["", " ", &"x".repeat(100_000), &"東".repeat(10_000), "\u{1b}[2J"] {
            index.push(text, 0);
        }
        assert_eq!(index.find(&"x".repeat(100_000), 5, |_| true).best, [2]);
        assert_eq!(index.find("xx", 5, |_| true).best, [2]);
        assert_eq!(index.find("a\u{0}", 5, |_| true).total, 0);
        assert_eq!(index.find("x", 0, |_| true), Found { total: 1, best: vec![] });
    }
}
