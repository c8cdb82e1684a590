//! Parameters of a model by name and type: `set::station("cpu").servers(8)`.

use std::fmt;
use std::time::Duration;

use super::Error;
use crate::model::Override;

/// A parameter of a model and the value to give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    path: String,
    /// As TOML.
    value: String,
}

impl Setting {
    fn new(path: String, value: impl Into<Value>) -> Setting {
        Setting {
            path,
            value: value.into().0,
        }
    }

    pub(super) fn to_override(&self) -> Result<Override, Error> {
        Ok(Override::new(&self.path, &self.value)?)
    }
}

impl fmt::Display for Setting {
    /// As the command line's `--set` takes it: `stations.cpu.servers=8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.path, self.value)
    }
}

/// One setting stands where several may.
impl IntoIterator for Setting {
    type Item = Setting;
    type IntoIter = std::iter::Once<Setting>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self)
    }
}

/// A value of a parameter, made from a number, a text, a truth value or a [`Duration`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(String);

macro_rules! value_from {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Value {
            fn from(value: $kind) -> Value {
                Value(toml::Value::from(value).to_string())
            }
        }
    )*};
}

value_from!(i32, u32, i64, f64, bool, &str, String);

impl From<Duration> for Value {
    fn from(value: Duration) -> Value {
        Value::from(format!("{}ns", value.as_nanos()))
    }
}

/// The parameter at a path, such as `"stations.cpu.queue"` or `"scenarios.default.stages[*].target"`.
#[must_use]
pub fn path(path: &str, value: impl Into<Value>) -> Setting {
    Setting::new(path.to_owned(), value)
}

/// As [`path()`], with the value written as in a model file: `set::toml("endpoints.e.visits", "[]")`.
#[must_use]
pub fn toml(path: &str, value: &str) -> Setting {
    Setting::new(path.to_owned(), Value(value.to_owned()))
}

/// Multiplies the VUs and the rates of all scenarios.
#[must_use]
pub fn load(factor: f64) -> Setting {
    path("load", factor)
}

/// The parameters of a station.
#[must_use]
pub fn station(name: &str) -> Station {
    Station(table("stations", name))
}

/// The parameters of a pool.
#[must_use]
pub fn pool(name: &str) -> Pool {
    Pool(table("pools", name))
}

/// The parameters of a scenario.
#[must_use]
pub fn scenario(name: &str) -> Scenario {
    Scenario(table("scenarios", name))
}

/// A station by name. See [`station`].
#[derive(Clone, Debug)]
pub struct Station(String);

impl Station {
    /// How many servers it has.
    #[must_use]
    pub fn servers(&self, servers: u32) -> Setting {
        Setting::new(format!("{}.servers", self.0), servers)
    }

    /// How many requests may wait; one more is refused.
    #[must_use]
    pub fn queue(&self, longest: u32) -> Setting {
        Setting::new(format!("{}.queue", self.0), longest)
    }
}

/// A pool by name. See [`pool`].
#[derive(Clone, Debug)]
pub struct Pool(String);

impl Pool {
    /// How many tokens it has.
    #[must_use]
    pub fn size(&self, size: u32) -> Setting {
        Setting::new(format!("{}.size", self.0), size)
    }
}

/// A scenario by name. See [`scenario`].
#[derive(Clone, Debug)]
pub struct Scenario(String);

impl Scenario {
    /// How many VUs it runs.
    #[must_use]
    pub fn vus(&self, vus: u32) -> Setting {
        Setting::new(format!("{}.vus", self.0), vus)
    }

    /// How many iterations it starts in each time unit.
    #[must_use]
    pub fn rate(&self, rate: f64) -> Setting {
        Setting::new(format!("{}.rate", self.0), rate)
    }

    /// How long it lasts.
    #[must_use]
    pub fn duration(&self, duration: Duration) -> Setting {
        Setting::new(format!("{}.duration", self.0), duration)
    }
}

/// The path of a named table. A name that is not a bare key stands in quotes.
fn table(section: &str, name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) {
        format!("{section}.{name}")
    } else if name.contains('"') {
        format!("{section}.'{name}'")
    } else {
        format!("{section}.\"{name}\"")
    }
}
