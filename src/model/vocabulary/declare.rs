//! How a table is written down: its doc comment and those of its keys are what `capsim schema` and the reference say,
//! a key's type is a `Kind`, and behind it stands what holds if the key is not there (the functions of `Key`).

/// Declares tables:
///
/// ```text
/// tables! {
///     /// Tokens that requests hold across several visits.
///     pub(crate) static POOL = "pools.NAME" {
///         /// How many tokens there are.
///         size: Whole(1, 1_000_000), required("size = 200");
///         ..QUEUE;
///     } rules [Together("size", "queue")];
/// }
/// ```
macro_rules! tables {
    ($(
        $(#[doc = $table:literal])*
        $vis:vis static $NAME:ident = $name:literal { $($keys:tt)* } $(rules [$($rule:expr),* $(,)?])? ;
    )*) => {$(
        $(#[doc = $table])*
        $vis static $NAME: $crate::vocabulary::Table = $crate::vocabulary::Table {
            name: $name,
            about: concat!($($table),*).trim_ascii_start(),
            keys: $crate::vocabulary::keys_of!($($keys)*),
            rules: {
                #[allow(unused_imports)]
                use $crate::vocabulary::Rule::*;
                &[$($($rule),*)?]
            },
        };
    )*};
}

/// Declares keys that several tables share: `static QUEUE = queue: Whole(0, 100), otherwise("endless");`
macro_rules! keys {
    ($(
        $(#[doc = $about:literal])+
        $vis:vis static $NAME:ident = $name:ident : $kind:expr $(, $how:ident ($($with:tt)*))* ;
    )*) => {$(
        $(#[doc = $about])+
        $vis static $NAME: $crate::vocabulary::Key = {
            #[allow(unused_imports)]
            use $crate::vocabulary::Kind::*;
            $crate::vocabulary::Key::new(stringify!($name), $kind, concat!($($about),+).trim_ascii_start())
                $(.$how($($with)*))*
        };
    )*};
}

/// The keys of a table: declared here, or `..KEY` for one that is shared.
macro_rules! keys_of {
    ($(
        $(..$shared:ident $(.$otherwise:ident ($instead:literal))?)?
        $(
            $(#[doc = $about:literal])+
            $name:ident : $kind:expr $(, $how:ident ($($with:tt)*))*
        )? ;
    )*) => {{
        #[allow(unused_imports)]
        use $crate::vocabulary::Kind::*;
        &[$(
            $($shared $(.$otherwise($instead))?)?
            $($crate::vocabulary::Key::new(stringify!($name), $kind, concat!($($about),+).trim_ascii_start())
                $(.$how($($with)*))*)?
        ),*]
    }};
}

pub(crate) use {keys, keys_of, tables};
