//! Lists of JSON whose elements are given on as they are read, so that a file of any size is never held.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A list, or `null`; each element goes to a function.
pub(super) struct Each<T, F> {
    take: F,
    element: PhantomData<T>,
}

impl<T, F: FnMut(T) -> Result<(), String>> Each<T, F> {
    pub(super) fn new(take: F) -> Each<T, F> {
        Each {
            take,
            element: PhantomData,
        }
    }

    /// Takes the elements of a list that has begun.
    pub(super) fn all<'d, A>(&mut self, mut list: A) -> Result<(), A::Error>
    where
        T: Deserialize<'d>,
        A: SeqAccess<'d>,
    {
        while let Some(element) = list.next_element()? {
            (self.take)(element).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

impl<'d, T: Deserialize<'d>, F: FnMut(T) -> Result<(), String>> Visitor<'d> for Each<T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'d>>(mut self, list: A) -> Result<(), A::Error> {
        self.all(list)
    }
}

impl<'d, T: Deserialize<'d>, F: FnMut(T) -> Result<(), String>> DeserializeSeed<'d> for Each<T, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'d>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

/// Skips the value of a key that says nothing here.
pub(super) fn skip<'d, A: MapAccess<'d>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}
