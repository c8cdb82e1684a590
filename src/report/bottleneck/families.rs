//! The stations and pools of a service's replicas, as one where they are alike.

use super::detail as alone;
use crate::report::resources::{amount, percent};
use crate::study::account::{Account, Kind, Limit};

/// Replicas of one station or pool that have a line of their own.
const SHOWN: usize = 8;

/// Limits of one sentence: those of one station's or pool's replicas together, all others alone.
pub(super) fn groups<'a>(limits: &[&'a Limit]) -> Vec<Vec<&'a Limit>> {
    let mut groups: Vec<Vec<&Limit>> = Vec::new();
    for limit in limits {
        let is_same = |group: &&mut Vec<&Limit>| {
            let first = group[0];
            let same_kind =
                std::mem::discriminant(&first.kind) == std::mem::discriminant(&limit.kind);
            first.family.is_some() && first.family == limit.family && same_kind
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.push(limit),
            None => groups.push(vec![limit]),
        }
    }
    groups
}

/// `station cpu of service api`, with how many of its replicas they are if not all.
pub(super) fn name(group: &[&Limit]) -> String {
    match (group, &group[0].family) {
        ([_, _, ..], Some((name, all))) if group.len() == *all => name.clone(),
        ([_, _, ..], Some((name, all))) => {
            format!("{name}, in {} of {all} replicas", group.len())
        }
        _ => group[0].name.clone(),
    }
}

/// What is known of a group of limits.
pub(super) fn detail(account: &Account, group: &[&Limit]) -> String {
    let [_, _, ..] = group else {
        return alone(account, group[0]);
    };
    let sum = |of: fn(&Limit) -> f64| group.iter().map(|l| of(l)).sum::<f64>();
    let used = |l: &&Limit| l.utilisation;
    let least = group.iter().map(used).fold(f64::INFINITY, f64::min);
    let most = group.iter().map(used).fold(0.0, f64::max);
    let longest = group.iter().map(|l| l.queue_max).fold(0.0, f64::max);
    let lost = sum(|l| l.lost_count);
    let lost = match lost > 0.0 {
        true => format!("; {lost} refused or gave up"),
        false => String::new(),
    };
    format!(
        "{} to {} of each used over the whole run; {} requests waited for them on average, {longest} at most for \
         one; {} of the time of requests is the wait for them{lost}",
        percent(least),
        percent(most),
        amount(sum(|l| l.queue)),
        percent(account.share(group[0], sum(|l| l.waited))),
    )
}

/// The limits that a table shows: of a station or pool with many replicas those that are used most.
pub(in crate::report) fn shown(account: &Account) -> Vec<Limit> {
    let mut shown: Vec<Limit> = Vec::new();
    for limit in &account.limits {
        let Some((name, all)) = limit.family.as_ref().filter(|(_, all)| *all > SHOWN) else {
            shown.push(limit.clone());
            continue;
        };
        if !matches!(limit.kind, Kind::Station(_) | Kind::Pool(_)) {
            continue;
        }
        let same = |l: &&Limit| {
            l.family == limit.family
                && std::mem::discriminant(&l.kind) == std::mem::discriminant(&limit.kind)
        };
        let mut family: Vec<&Limit> = account.limits.iter().filter(same).collect();
        if !std::ptr::eq(family[0], limit) {
            continue;
        }
        family.sort_by(|a, b| b.utilisation.total_cmp(&a.utilisation));
        shown.extend(family[..SHOWN].iter().map(|l| (*l).clone()));
        shown.push(rest(
            &family[SHOWN..],
            &format!("{} more of {name}", all - SHOWN),
        ));
    }
    shown
}

/// What is left of a family, added up: sizes, means and losses; of what was used the mean.
fn rest(family: &[&Limit], name: &str) -> Limit {
    let mut sum = family[0].clone();
    sum.name = name.to_owned();
    for other in &family[1..] {
        sum.size = sum.size.zip(other.size).map(|(a, b)| a + b);
        sum.utilisation += other.utilisation;
        sum.in_use += other.in_use;
        sum.queue += other.queue;
        sum.waited += other.waited;
        sum.lost_count += other.lost_count;
        sum.in_use_max = sum.in_use_max.max(other.in_use_max);
        sum.queue_max = sum.queue_max.max(other.queue_max);
    }
    sum.utilisation /= family.len() as f64;
    sum
}
