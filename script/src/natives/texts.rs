//! Texts that recur: addresses, names and values of headers and tags. They are kept once.

use super::defaults::Defaults;
use crate::effect::{Headers, Tags};
use std::cell::RefCell;
use std::rc::Rc;

/// Places for texts: each holds the last one that came to it.
const PLACES: usize = 512;

/// Sets of tags that are kept.
const MOST_TAGS: usize = 16;

/// A set of tags as it was given, and in order.
type Seen = (Headers<Rc<str>>, Rc<Tags>);

/// Texts that were seen before.
#[derive(Default)]
pub(crate) struct Texts {
    known: RefCell<Vec<Option<Rc<str>>>>,
    /// Small numbers.
    numbers: RefCell<Vec<Option<Rc<str>>>>,
    tags: RefCell<Vec<Seen>>,
    /// Addresses and their hosts.
    hosts: RefCell<Vec<Option<[Rc<str>; 2]>>>,
}

impl Texts {
    /// A text, which is the one that was seen before if it is the same.
    pub(crate) fn kept(&self, text: &str) -> Rc<str> {
        let mut known = self.known.borrow_mut();
        if known.is_empty() {
            known.resize(PLACES, None);
        }
        let place = &mut known[place(text)];
        match place {
            Some(known) if **known == *text => known.clone(),
            _ => place.insert(text.into()).clone(),
        }
    }

    /// The host of an address, which `find` finds in it; it is asked again only if that text has not been here lately.
    pub(crate) fn host(
        &self,
        url: &Rc<str>,
        find: impl FnOnce(&str) -> Option<&str>,
    ) -> Option<Rc<str>> {
        let at = (Rc::as_ptr(url).addr() >> 4) % PLACES;
        let known = self.hosts.borrow().get(at).cloned().flatten();
        if let Some([_, host]) = known.filter(|[of, _]| Rc::ptr_eq(of, url)) {
            return Some(host);
        }
        let host = self.kept(find(url)?);
        let mut hosts = self.hosts.borrow_mut();
        hosts.resize(PLACES, None);
        hosts[at] = Some([url.clone(), host.clone()]);
        Some(host)
    }

    /// A number as a text.
    pub(crate) fn number(&self, number: usize) -> Rc<str> {
        let mut known = self.numbers.borrow_mut();
        if number >= PLACES {
            return number.to_string().into();
        }
        if known.is_empty() {
            known.resize(PLACES, None);
        }
        let text = known[number].get_or_insert_with(|| number.to_string().into());
        text.clone()
    }

    /// Tags, likewise: those that all samples of the VU have, and given ones, of which the last of a name counts.
    pub(crate) fn tags(&self, defaults: &Defaults, more: Headers<Rc<str>>) -> Rc<Tags> {
        if more.is_empty() {
            return defaults.tags.clone();
        }
        let usual = &defaults.tag_list;
        let mut seen = self.tags.borrow_mut();
        let is = |(before, _): &&Seen| {
            before.len() == usual.len() + more.len() && before.iter().eq(usual.iter().chain(&more))
        };
        if let Some((_, tags)) = seen.iter().find(is) {
            return tags.clone();
        }
        let given: Headers<Rc<str>> = usual.iter().cloned().chain(more).collect();
        let owned = |(key, value): &(Rc<str>, Rc<str>)| (key.to_string(), value.to_string());
        let tags: Rc<Tags> = Rc::new(given.iter().map(owned).collect());
        if seen.len() < MOST_TAGS {
            seen.push((given, tags.clone()));
        }
        tags
    }
}

/// Tags as a list, in order.
pub(crate) fn listed(tags: &Tags) -> Headers<Rc<str>> {
    let texts = |(key, value): (&String, &String)| (key.as_str().into(), value.as_str().into());
    tags.iter().map(texts).collect()
}

/// The place of a text: by its length, its first and its last eight bytes.
fn place(text: &str) -> usize {
    let bytes = text.as_bytes();
    let word = |part: &[u8]| part.iter().fold(0u64, |w, b| (w << 8) | u64::from(*b));
    let first = word(&bytes[..bytes.len().min(8)]);
    let last = word(&bytes[bytes.len().saturating_sub(8)..]);
    let mixed =
        (first ^ last.rotate_left(29) ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::natives::defaults::KnownDefaults;

    #[test]
    fn the_same_text_is_kept_once_and_not_too_many() {
        let texts = Texts::default();
        assert!(Rc::ptr_eq(&texts.kept("a"), &texts.kept("a")));
        for i in 0..2 * PLACES {
            assert_eq!(&*texts.kept(&i.to_string()), i.to_string());
        }
        assert_eq!(texts.known.borrow().len(), PLACES);
        assert_eq!(&*texts.kept(""), "");
        assert!(Rc::ptr_eq(&texts.number(7), &texts.number(7)));
        assert_eq!(&*texts.number(PLACES), PLACES.to_string());
        let usual = KnownDefaults::default().usual();
        let tags = |v: &str| texts.tags(&usual, vec![("k".into(), v.into())]);
        assert!(Rc::ptr_eq(&tags("1"), &tags("1")));
        assert_eq!(tags("2")["k"], "2");
        assert!(texts.tags(&usual, Headers::new()).is_empty());
    }
}
