//! Which of the limits of an account are the bottleneck.

use super::{Account, Kind, Limit};

/// Less than this share of all time (or of those who came) is not a bottleneck.
const LEAST: f64 = 0.05;
/// Ceilings that are as near as this are equal.
const EQUAL: f64 = 0.95;
/// What is used less than this is not equal to anything.
const BUSY: f64 = 0.5;
/// A wait that is longer than that for the bottleneck by this factor is named, too.
const LONGER: f64 = 2.0;

/// The bottleneck of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice<'a> {
    /// Of what made somebody wait, that with the lowest ceiling; then those whose ceilings equal it.
    pub limits: Limits<'a>,
    /// What most is waited for, if that is something else by far.
    pub most_waited: Option<&'a Limit>,
    /// Whether it holds up more than a little.
    pub matters: bool,
    /// What limits those inside, if the waiting room is the bottleneck.
    pub inside: Option<&'a Limit>,
}

/// One limit or more.
pub type Limits<'a> = Vec<&'a Limit>;

impl Account {
    /// What limits the system; none if nobody waited for anything, and nothing was refused or dropped.
    #[must_use]
    pub fn bottleneck(&self) -> Option<Choice<'_>> {
        self.among(
            &self
                .limits
                .iter()
                .filter(|l| self.stands(l))
                .collect::<Vec<_>>(),
        )
    }

    fn among<'a>(&'a self, all: &[&'a Limit]) -> Option<Choice<'a>> {
        let most = all
            .iter()
            .copied()
            .reduce(|a, b| if self.harm(b) > self.harm(a) { b } else { a })?;
        if self.harm(most) <= 0.0 {
            return None;
        }
        let matters = self.harm(most) >= LEAST;
        let least = if matters {
            LEAST
        } else {
            0.5 * self.harm(most)
        };
        let harmful = all.iter().copied().filter(|l| self.harm(l) >= least);
        let by_ceiling = |a: &&Limit, b: &&Limit| {
            let used = self.used(a).total_cmp(&self.used(b));
            used.then(self.harm(a).total_cmp(&self.harm(b)))
        };
        let first = harmful.max_by(by_ceiling)?;
        let equal = |l: &&Limit| {
            let (one, other) = (self.used(l), self.used(first));
            let near = one.min(other) >= EQUAL * one.max(other) && one >= BUSY;
            let held = matches!(l.kind, Kind::Station(_) | Kind::Host(_) | Kind::Pool(_));
            let counts = held || (self.harm(l) > 0.0 && l.kind != Kind::Seats);
            matters && near && counts && !std::ptr::eq(*l, first)
        };
        let mut limits = vec![first];
        limits.extend(all.iter().copied().filter(equal));
        let other = !limits.iter().any(|l| std::ptr::eq(*l, most));
        let most_waited = other && self.harm(most) >= LONGER * self.harm(first);
        let at_the_door = limits.iter().any(|l| l.kind == Kind::WaitingRoom);
        let inside: Vec<&Limit> = all
            .iter()
            .copied()
            .filter(|l| l.kind != Kind::WaitingRoom)
            .collect();
        let inside = at_the_door.then(|| self.among(&inside)).flatten();
        let inside = inside.filter(|c| c.matters && !limits.contains(&c.limits[0]));
        Some(Choice {
            inside: inside.map(|c| c.limits[0]),
            limits,
            most_waited: most_waited.then_some(most),
            matters,
        })
    }

    /// Whether a limit speaks for itself: of the servers, the law and the slowdowns of one station that does
    /// which causes most of the waiting for it; think time makes nobody wait.
    fn stands(&self, limit: &Limit) -> bool {
        if matches!(limit.kind, Kind::Think(_)) {
            return false;
        }
        let Some(station) = limit.kind.station() else {
            return true;
        };
        let of_station = self.limits.iter();
        let of_station = of_station.filter(|l| l.kind.station() == Some(station));
        let first = of_station.reduce(|a, b| if b.caused > a.caused { b } else { a });
        first.is_some_and(|first| std::ptr::eq(first, limit))
    }

    /// How much of a limit is used; of a station with a law or slowdowns, how much of what these leave, for
    /// they keep servers for longer than the work needs.
    fn used(&self, limit: &Limit) -> f64 {
        let Some(station) = limit.kind.station() else {
            return limit.utilisation;
        };
        let of_station = self.limits.iter();
        let of_station = of_station.filter(|l| l.kind.station() == Some(station));
        let others = of_station.filter(|l| !matches!(l.kind, Kind::Station(_)));
        let used = others.map(|l| l.utilisation).reduce(f64::max);
        used.unwrap_or(limit.utilisation)
    }

    /// The station, host or pool that is used most, if there is any with a limit.
    #[must_use]
    pub fn busiest(&self) -> Option<&Limit> {
        let sized = self.limits.iter().filter(|l| {
            let sized = matches!(l.kind, Kind::Station(_) | Kind::Host(_) | Kind::Pool(_));
            sized && l.size.is_some()
        });
        sized.max_by(|a, b| a.utilisation.total_cmp(&b.utilisation))
    }
}
