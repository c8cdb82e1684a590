//! Texts that come again and again: addresses, names and values of headers and tags. They are kept once.

use crate::effect::{Headers, Tags};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How many are kept; those that come later are not.
const MOST: usize = 256;

/// Sets of tags that are kept.
const MOST_TAGS: usize = 16;

/// A set of tags as it was given, and in order.
type Seen = (Headers<Rc<str>>, Rc<Tags>);

/// Texts that were seen before.
#[derive(Default)]
pub(crate) struct Texts {
    known: RefCell<BTreeSet<Rc<str>>>,
    tags: RefCell<Vec<Seen>>,
    none: Rc<Tags>,
}

impl Texts {
    /// A text, which is the one that was seen before if it is the same.
    pub(crate) fn kept(&self, text: &str) -> Rc<str> {
        let mut known = self.known.borrow_mut();
        if let Some(known) = known.get(text) {
            return known.clone();
        }
        let text: Rc<str> = text.into();
        if known.len() < MOST {
            known.insert(text.clone());
        }
        text
    }

    /// Tags, likewise.
    pub(crate) fn tags(&self, given: Headers<Rc<str>>) -> Rc<Tags> {
        if given.is_empty() {
            return self.none.clone();
        }
        let mut seen = self.tags.borrow_mut();
        if let Some((_, tags)) = seen.iter().find(|(before, _)| *before == given) {
            return tags.clone();
        }
        let owned = |(key, value): &(Rc<str>, Rc<str>)| (key.to_string(), value.to_string());
        let tags: Rc<Tags> = Rc::new(given.iter().map(owned).collect());
        if seen.len() < MOST_TAGS {
            seen.push((given, tags.clone()));
        }
        tags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_kept_once_and_not_too_many() {
        let texts = Texts::default();
        assert!(Rc::ptr_eq(&texts.kept("a"), &texts.kept("a")));
        for i in 0..2 * MOST {
            assert_eq!(&*texts.kept(&i.to_string()), i.to_string());
        }
        assert_eq!(texts.known.borrow().len(), MOST);
        let pair = |v: &str| vec![("k".into(), v.into())];
        assert!(Rc::ptr_eq(&texts.tags(pair("1")), &texts.tags(pair("1"))));
        assert_eq!(texts.tags(pair("2"))["k"], "2");
        assert!(texts.tags(Vec::new()).is_empty());
    }
}
