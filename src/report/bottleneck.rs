//! What k6 cannot show: what limits the system.

pub(super) mod families;

use crate::report::answers::seconds;
use crate::report::readable::plain;
use crate::report::resources::{amount, percent};
use crate::study::account::{Account, Kind, Limit};
use crate::study::fit::free::four_digits;

/// What limits the system, in one sentence with its figures.
#[must_use]
pub fn bottleneck(account: &Account) -> String {
    let Some(choice) = account.bottleneck() else {
        return nobody_waited(account);
    };
    let groups = families::groups(&choice.limits);
    let told: Vec<String> = groups
        .iter()
        .map(|g| families::detail(account, g))
        .collect();
    let names: Vec<String> = groups.iter().map(|g| families::name(g)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut text = match names.as_slice() {
        [one] if choice.matters => format!("The bottleneck is {one}: {}.", told[0]),
        [one] => {
            let first = choice.limits[0];
            let lost = first.lost > account.share(first, first.caused);
            let what = match lost {
                true => "the little that was lost was lost at",
                false => "most of the little waiting was for",
            };
            format!(
                "Hardly anything was a bottleneck; {what} {one}: {}.",
                told[0]
            )
        }
        many => {
            let each = many.iter().zip(&told);
            let each: Vec<String> = each.map(|(name, told)| format!("{name}: {told}")).collect();
            format!(
                "The bottlenecks are {}, whose ceilings are the same. {}.",
                listed(many),
                each.join("; ")
            )
        }
    };
    if let Some(other) = choice.most_waited {
        let lost = other.lost > account.share(other, other.caused);
        let what = if lost {
            "Most is lost at"
        } else {
            "Most of the waiting is for"
        };
        let higher = choice
            .limits
            .iter()
            .all(|l| l.ceiling < other.ceiling && l.ceiling.is_some());
        let higher = if higher {
            ", whose ceiling is higher"
        } else {
            ""
        };
        text += &format!(
            " {what} {}{higher}: {}.",
            other.name,
            detail(account, other)
        );
    }
    if let Some(inside) = choice.inside {
        text += &format!(
            " Of those inside it is {}: {}.",
            inside.name,
            detail(account, inside)
        );
    }
    if !choice.matters {
        text += &thinking(account);
    }
    text
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// What to say where nobody waited: what was busiest, and what the load was limited by.
fn nobody_waited(account: &Account) -> String {
    let mut text = "Nothing was a bottleneck: nobody waited".to_owned();
    text += &match account.busiest() {
        None => ": the model has no station with a limit and no pool.".to_owned(),
        Some(most) => format!(
            "; the busiest resource was {}: {} used over the whole run.",
            most.name,
            percent(most.utilisation)
        ),
    };
    text += &thinking(account);
    text
}

/// How much of the time of users whose number is fixed was think time, if it was most.
fn thinking(account: &Account) -> String {
    let think = |l: &&Limit| matches!(l.kind, Kind::Think(_)) && l.utilisation > 0.5;
    let Some(limit) = account.limits.iter().find(think) else {
        return String::new();
    };
    format!(
        " The load is limited by {}: it takes {} of each iteration of the {} users, {} in all.",
        limit.name,
        percent(limit.utilisation),
        four_digits(limit.size.unwrap_or(0.0)),
        seconds(limit.each)
    )
}

/// What is known of one limit.
fn detail(account: &Account, l: &Limit) -> String {
    let waiting = format!(
        "{} of the time of requests is the wait for it",
        percent(account.share(l, l.waited))
    );
    let (mean, max) = (amount(l.queue), plain(l.queue_max));
    let line = format!("{mean} requests waited for it on average, {max} at most");
    match l.kind {
        Kind::Station(_) if l.queue_max == 0.0 && l.waited == 0.0 => format!(
            "{} used over the whole run; {} requests were in it on average, {} at most{}",
            used(l),
            amount(l.in_use),
            plain(l.in_use_max),
            turned_away(l, "refused")
        ),
        Kind::Station(_) if l.queue_max == 0.0 => format!(
            "{} used over the whole run; {} requests shared it on average, {} at most; {waiting}{}",
            used(l),
            amount(l.in_use),
            plain(l.in_use_max),
            turned_away(l, "refused")
        ),
        Kind::Station(_) | Kind::Pool(_) => format!(
            "{} used over the whole run; {line}; {waiting}{}{}{}{}",
            used(l),
            for_others(account, l),
            slowed(account, l),
            kept(l),
            turned_away(l, "refused or gave up")
        ),
        Kind::Host(_) => cores(account, l, &waiting),
        Kind::Lock(_) => format!(
            "{waiting}{}; {line}; each holds it for {} without waiting for anything else{}",
            for_others(account, l),
            seconds(l.each),
            turned_away(l, "gave up")
        ),
        Kind::Limit(_) => capped(l, &waiting),
        Kind::Scalability(_) => scalability(account, l),
        Kind::Slowdown(_) => slowed_service(account, l),
        Kind::WaitingRoom => format!(
            "{} users waited in it on average, {} at most, each for {}; it let in {} a second{}",
            amount(l.queue),
            plain(l.queue_max),
            seconds(l.each),
            four_digits(l.best),
            turned_away(l, "were turned away")
        ),
        Kind::Listener => at_the_listener(l, &waiting),
        Kind::Connecting(_) => connecting(l, &waiting),
        Kind::RateLimit(_) => format!("{waiting}; {line}{}", turned_away(l, "were refused")),
        Kind::Fetch(_) => format!(
            "{waiting}; {line}, each for {}{}",
            seconds(l.each),
            turned_away(l, "gave up")
        ),
        Kind::Seats => seats(l),
        Kind::Vus(_) => format!(
            "{} starts, {} of all, found none of the {} free and were dropped; an iteration takes {} if \
             it waits for nothing, so that the rate needs {} at least",
            four_digits(l.lost_count),
            percent(l.lost),
            four_digits(l.size.unwrap_or(0.0)),
            seconds(l.each),
            four_digits(l.best)
        ),
        Kind::Think(_) => String::new(),
    }
}

fn connecting(l: &Limit, waiting: &str) -> String {
    let made = four_digits(l.best);
    format!("{waiting}; {made} were made, each in {}", seconds(l.each))
}

/// Claims in conflict, and how many of the picked seats were gone when the list was shown.
fn seats(l: &Limit) -> String {
    let outdated = match l.alone > 0.0 {
        true => format!(
            " ({} seats that users picked were taken already when the list was shown)",
            four_digits(l.alone)
        ),
        false => String::new(),
    };
    format!(
        "{} claims, {} of all, found the seat taken{outdated}; {} of {} are sold",
        four_digits(l.lost_count),
        percent(l.lost),
        four_digits(l.best),
        four_digits(l.size.unwrap_or(0.0))
    )
}

fn at_the_listener(l: &Limit, waiting: &str) -> String {
    format!(
        "{waiting}, {} for each connection; {} connections waited in it on average, {} at most{}",
        seconds(l.each),
        amount(l.queue),
        l.queue_max,
        turned_away(l, "gave up")
    )
}

/// What is known of the cores of a host.
fn cores(account: &Account, l: &Limit, waiting: &str) -> String {
    format!(
        "{} cores, {} used over the whole run; {} more servers wanted one on average, {} at most; {waiting}{}",
        four_digits(l.size.unwrap_or(0.0)),
        used(l),
        amount(l.queue),
        plain(l.queue_max),
        for_others(account, l)
    )
}

/// What is known of a slowdown.
fn slowed_service(account: &Account, l: &Limit) -> String {
    format!(
        "{} of the time of requests is waited because of it; each request was in service for {} instead of {}",
        percent(account.share(l, l.caused)),
        seconds(l.each),
        seconds(l.alone)
    )
}

/// What is known of a limit on a rate or on requests at once.
fn capped(l: &Limit, waiting: &str) -> String {
    format!("{} used; {waiting}{}", used(l), turned_away(l, "refused"))
}

fn scalability(account: &Account, l: &Limit) -> String {
    let many = if l.in_use > l.best {
        format!(
            "{} in service at once are too many, most is done with {:.0}",
            four_digits(l.in_use.round()),
            l.best
        )
    } else {
        format!("{} were in service at once", four_digits(l.in_use.round()))
    };
    format!(
        "{many}: each takes {} instead of {}; {} of the time of requests is waited because of it",
        seconds(l.each),
        seconds(l.alone),
        percent(account.share(l, l.caused))
    )
}

/// How much of the waiting for other things a limit is the cause of.
fn for_others(account: &Account, l: &Limit) -> String {
    let others = account.share(l, l.caused - l.waited);
    if others < 0.001 {
        return String::new();
    }
    format!(
        ", and {} the wait for others who wait for it",
        percent(others)
    )
}

/// How much of what a station is used its law and its slowdowns take, if it is not them that are named.
fn slowed(account: &Account, l: &Limit) -> String {
    let all = account.limits.iter();
    let others = all.filter(|o| o.kind.station().is_some() && o.kind.station() == l.kind.station());
    let mut text = String::new();
    for other in others.filter(|o| !matches!(o.kind, Kind::Station(_))) {
        let share = account.share(other, other.caused);
        if share >= 0.01 {
            text += &format!(
                ", {} of it because of {}",
                percent(share),
                other.name.split(" of station").next().unwrap_or_default()
            );
        }
    }
    text
}

/// How many requests had the token that their connection kept, and what keeping them took.
fn kept(l: &Limit) -> String {
    if !matches!(l.kind, Kind::Pool(_)) || (l.best == 0.0 && l.alone == 0.0) {
        return String::new();
    }
    format!(
        "; {} of the requests had the token that their connection kept, and {} of the time held it was kept idle",
        percent(l.best),
        percent(l.alone)
    )
}

fn turned_away(l: &Limit, how: &str) -> String {
    if l.lost_count == 0.0 {
        String::new()
    } else {
        format!("; {} {how}", four_digits(l.lost_count))
    }
}

fn used(l: &Limit) -> String {
    match l.size {
        Some(_) => percent(l.utilisation),
        None if matches!(l.kind, Kind::Limit(_)) => percent(l.utilisation),
        None => "no limit".to_owned(),
    }
}
