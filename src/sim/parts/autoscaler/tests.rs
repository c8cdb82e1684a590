//! Decisions by hand.

use super::*;
use crate::model::autoscale::Rule;
use crate::model::system::DistId;

fn secs(n: u64) -> Time {
    Time::ZERO + Span::secs(n)
}

const FAST: Pace = Pace {
    stabilise: Span::ZERO,
    replicas: 1000,
    share: 10.0,
    per: Span(15_000_000_000),
};

fn scaler(policy: Policy) -> Autoscaler {
    Autoscaler::new(&Autoscale {
        rule: Some(Rule {
            metric: Metric::Utilisation(0),
            policy,
            whole_percent: false,
            initialisation: Span::ZERO,
        }),
        min: 1,
        max: 100,
        every: Span::secs(15),
        window: Span::secs(15),
        cool_down: Span::ZERO,
        boot: DistId(0),
        warm_up: None,
        schedule: Vec::new(),
    })
}

fn target(up: Pace, down: Pace) -> Autoscaler {
    scaler(Policy::Target {
        target: 0.5,
        tolerance: 0.1,
        up,
        down,
    })
}

fn ready(values: &[f64]) -> View {
    View {
        current: values.len() as u32,
        values: values.to_vec(),
        ..View::default()
    }
}

#[test]
fn the_number_is_in_proportion_to_the_target() {
    let mut it = target(FAST, FAST);
    // The documentation's own: 200m at a target of 100m doubles, 50m halves.
    assert_eq!(it.decide(secs(0), &ready(&[1.0, 1.0])), 4);
    assert_eq!(it.decide(secs(15), &ready(&[0.25; 4])), 2);
    // ⌈3 × 0.6 / 0.5⌉ = 4; a ratio of 1.1 or 0.9 is near enough.
    assert_eq!(it.decide(secs(30), &ready(&[0.6; 3])), 4);
    assert_eq!(it.decide(secs(45), &ready(&[0.55; 3])), 3);
    assert_eq!(it.decide(secs(60), &ready(&[0.45; 3])), 3);
    assert_eq!(it.decide(secs(75), &ready(&[0.01; 3])), 1, "at least min");
}

#[test]
fn a_mean_in_whole_per_cent_is_cut() {
    let mut it = target(FAST, FAST);
    // 55.9 % over 50 % is 1.118, of three 3.35; cut to 55 % it is 1.1 and near enough.
    let view = ready(&[0.559; 3]);
    assert_eq!(it.decide(secs(0), &view), 4);
    it.spec.rule.as_mut().unwrap().whole_percent = true;
    assert_eq!(it.decide(secs(15), &view), 3);
    // 60.9 %, 69.99 % and 100 %: 60 / 50 × 5 = 6, 69 / 50 × 5 = 6.9, 100 / 50 × 5 = 10.
    let cases = [(0.609, 6), (0.6999, 7), (1.0, 10)];
    for (at, (mean, wanted)) in (2..).zip(cases) {
        assert_eq!(it.decide(secs(15 * at), &ready(&[mean; 5])), wanted);
    }
    // 0.57 × 100 is a hair below 57 in floating point, and 57 % all the same: 57 / 50 × 50 = 57.
    assert_eq!(it.decide(secs(90), &ready(&[0.57; 50])), 57);
}

#[test]
fn those_that_boot_would_do_nothing_and_those_unknown_the_mildest() {
    let mut it = target(FAST, FAST);
    let booting = |values: &[f64], unready: u32, unknown: u32| View {
        current: values.len() as u32 + unready + unknown,
        values: values.to_vec(),
        unready,
        unknown,
        external: None,
    };
    // Two at 1.0 want four; with two that boot the ratio is 1 and nothing is to be done.
    assert_eq!(it.decide(secs(0), &booting(&[1.0; 2], 2, 0)), 4);
    // Three at 1.0 and one that boots: 3 / 4 / 0.5 = 1.5, of four, six.
    assert_eq!(it.decide(secs(15), &booting(&[1.0; 3], 1, 0)), 6);
    // To be fewer: the unknown one counts as fully used: (0.1 × 3 + 1) / 4 / 0.5 = 0.65, of four, three.
    assert_eq!(it.decide(secs(30), &booting(&[0.1; 3], 0, 1)), 3);
}

#[test]
fn growth_is_at_most_four_or_double_in_a_period() {
    let pace = Pace {
        stabilise: Span::ZERO,
        replicas: 4,
        share: 1.0,
        per: Span::secs(15),
    };
    let mut it = target(pace, pace);
    // Twenty are wanted: 1 + 4, then nothing more in the same period, then 5 × 2, then twenty.
    let mut counts = Vec::new();
    let mut current = 1;
    for at in [0, 5, 15, 30] {
        let view = ready(&vec![10.0 / f64::from(current); current as usize]);
        let to = it.decide(secs(at), &view);
        it.changed(secs(at), current, to);
        counts.push(to);
        current = to;
    }
    assert_eq!(counts, [5, 5, 10, 20]);
}

#[test]
fn it_shrinks_to_the_most_that_was_wanted_in_the_window() {
    let slow = Pace {
        stabilise: Span::secs(60),
        ..FAST
    };
    let mut it = target(FAST, slow);
    assert_eq!(it.decide(secs(0), &ready(&[0.5; 8])), 8);
    // Four, then six, then three are wanted; the eight of the beginning count for a minute, the six then.
    assert_eq!(it.decide(secs(20), &ready(&[0.25; 8])), 8);
    assert_eq!(it.decide(secs(40), &ready(&[0.375; 8])), 8);
    assert_eq!(it.decide(secs(70), &ready(&[0.1875; 8])), 6);
    assert_eq!(it.decide(secs(101), &ready(&[0.25; 6])), 3);
}

#[test]
fn steps_add_and_remove_and_it_cools_down() {
    let step = |at, above, replicas| Step {
        at,
        above,
        replicas,
    };
    let steps = vec![
        step(0.7, true, 1),
        step(0.9, true, 5),
        step(0.3, false, 1),
        step(0.1, false, 3),
    ];
    let mut it = scaler(Policy::Steps(steps));
    it.spec.cool_down = Span::secs(60);
    let decided = |it: &mut Autoscaler, value: f64| it.decide(secs(0), &ready(&[value; 10]));
    let all = [0.95, 0.8, 0.5, 0.2, 0.05].map(|value| decided(&mut it, value));
    assert_eq!(all, [15, 11, 10, 9, 7]);
    it.changed(secs(0), 10, 11);
    assert_eq!(it.decide(secs(59), &ready(&[0.95; 11])), 11);
    assert_eq!(it.decide(secs(60), &ready(&[0.95; 11])), 16);
}

#[test]
fn a_schedule_sets_the_least_or_without_a_rule_the_number() {
    let mut it = target(FAST, FAST);
    it.planned(6);
    assert_eq!(it.decide(secs(0), &ready(&[0.5; 2])), 6);
    assert_eq!(it.decide(secs(0), &ready(&[1.0; 6])), 12);
    it.planned(2);
    it.spec.rule = None;
    assert_eq!(it.decide(secs(0), &ready(&[1.0; 6])), 2);
}

#[test]
fn an_external_metric_is_shared_by_all_ready_or_not() {
    let external = |value: f64, current: u32| View {
        current,
        unready: current,
        external: Some(value),
        ..View::default()
    };
    let goal = Goal {
        target: 5.0,
        tolerance: 0.1,
        full: 5.0,
        whole_percent: false,
    };
    // ⌈22.5 / 5⌉; 10.9 of two is within a tenth of 5 each, 11.1 is not; nobody waits.
    assert_eq!(shared(&external(22.5, 2), &goal), 5);
    assert_eq!(shared(&external(10.9, 2), &goal), 2);
    assert_eq!(shared(&external(11.1, 2), &goal), 3);
    assert_eq!(shared(&external(0.0, 2), &goal), 0);
    assert_eq!(
        shared(
            &View {
                current: 3,
                ..View::default()
            },
            &goal
        ),
        3
    );
}
