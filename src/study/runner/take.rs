//! What is taken of a run, and how it is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::exact::Exact;
use crate::account::{Account, Kind, Limit};
use crate::answers::margin::{Hold, Sample, sample};
use crate::engine::Span;
use crate::fit::bottleneck::slow_down;
use crate::fit::distance::{Target, observing, simulated};
use crate::fit::read::{Reading, Stat, tool::Made};
use crate::model::Model;
use crate::model::visible::visible_lines;
use crate::runs::Job;
use crate::world::World;
use crate::world::outcome::{Outcome, Termination};
use crate::world::window::Window;

/// What is taken of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub enum Take {
    /// How far each threshold is from being crossed, all metrics, and where the time went.
    Sample,
    /// The numbers that are compared with measured ones, of a part of the run or of all of it.
    Numbers(Vec<Target>, Option<Window>),
}

/// What was taken.
#[derive(Clone, Debug)]
pub enum Given {
    /// By [`Take::Sample`].
    Sample(Box<Sample>),
    /// By [`Take::Numbers`].
    Numbers(Numbers),
    /// Nothing: the run came to no end, and why.
    NoEnd(String),
}

/// What the text begins with of a run that came to no end. Neither a sample nor numbers do.
const NO_END: &str = "no end,";

/// The numbers of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// The exit code that k6 has for the way in which it ended.
    pub code: u8,
    /// How long it lasted.
    pub seconds: f64,
    /// A value for each target.
    pub values: Vec<f64>,
}

impl Take {
    /// A model that shows what is taken of it, all times of its system longer by a factor.
    #[must_use]
    pub fn prepared(&self, mut model: Model, slower: Option<f64>) -> Model {
        if let Some(factor) = slower {
            slow_down(&mut model, factor);
        }
        match self {
            Take::Sample => model,
            Take::Numbers(targets, _) => observing(model, targets),
        }
    }

    /// Makes a run of a prepared model.
    #[must_use]
    pub fn run(&self, job: &Job<'_>) -> Given {
        match self {
            Take::Sample => job.run_and(|outcome, summary| {
                let sample = || Given::Sample(Box::new(sample(job.model, outcome, summary)));
                no_end(job, outcome).unwrap_or_else(sample)
            }),
            Take::Numbers(targets, window) => {
                let run = |world: World| match window {
                    Some(window) => world.run_within(*window),
                    None => world.run(),
                };
                job.run_by(run, |outcome, summary| {
                    let numbers = || Numbers {
                        code: code(&outcome.end),
                        seconds: outcome.duration.as_secs(),
                        values: simulated(outcome, summary, targets),
                    };
                    no_end(job, outcome).unwrap_or_else(|| Given::Numbers(numbers()))
                })
            }
        }
    }

    /// Reads what [`Given::text`] wrote of this take. `None` if it is something else.
    #[must_use]
    pub fn read(&self, text: &[u8]) -> Option<Given> {
        let text = std::str::from_utf8(text).ok()?;
        if let Some(why) = text.strip_prefix(NO_END) {
            return Some(Given::NoEnd(why.to_owned()));
        }
        match self {
            Take::Sample => {
                let written: WrittenSample = serde_json::from_str(text).ok()?;
                Some(Given::Sample(Box::new(written.into())))
            }
            Take::Numbers(targets, _) => {
                let mut fields = text.split(',');
                let code = fields.next()?.parse().ok()?;
                let seconds = fields.next()?.parse().ok()?;
                let values: Result<Vec<f64>, _> = fields.map(str::parse).collect();
                let values = values.ok().filter(|values| values.len() == targets.len())?;
                Some(Given::Numbers(Numbers {
                    code,
                    seconds,
                    values,
                }))
            }
        }
    }
}

impl Given {
    /// On one line, from which it is read back to the last bit.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Given::Sample(sample) => {
                let written = WrittenSample::from(sample.as_ref());
                serde_json::to_string(&written).unwrap_or_default()
            }
            Given::Numbers(numbers) => {
                let mut text = format!("{},{}", numbers.code, numbers.seconds);
                for value in &numbers.values {
                    text.push_str(&format!(",{value}"));
                }
                text
            }
            Given::NoEnd(why) => {
                let words: Vec<&str> = why.split_whitespace().collect();
                format!("{NO_END}{}", visible_lines(&words.join(" ")))
            }
        }
    }

    /// Why there is nothing, if the run came to no end.
    #[must_use]
    pub fn no_end(&self) -> Option<&str> {
        match self {
            Given::NoEnd(why) => Some(why),
            _ => None,
        }
    }

    /// The sample.
    ///
    /// # Errors
    /// If the run came to no end: why.
    pub fn sample(self) -> Result<Sample, String> {
        match self {
            Given::Sample(sample) => Ok(*sample),
            Given::NoEnd(why) => Err(why),
            Given::Numbers(_) => Err("the run gave numbers where a sample was wanted".into()),
        }
    }

    /// The numbers.
    ///
    /// # Errors
    /// If the run came to no end: why.
    pub fn numbers(self) -> Result<Numbers, String> {
        match self {
            Given::Numbers(numbers) => Ok(numbers),
            Given::NoEnd(why) => Err(why),
            Given::Sample(_) => Err("the run gave a sample where numbers were wanted".into()),
        }
    }
}

/// A run that came to no end has no numbers: what it measured until then is not what the model says.
fn no_end(job: &Job<'_>, outcome: &Outcome) -> Option<Given> {
    outcome.end.complaint(job.model).map(Given::NoEnd)
}

fn code(end: &Termination) -> u8 {
    match end {
        Termination::Finished => 0,
        Termination::SetupTimeout => 100,
        Termination::TeardownTimeout => 101,
        Termination::Aborted => 99,
        // No numbers are taken of such a run.
        Termination::Stuck(_)
        | Termination::TooMuchMemory(_)
        | Termination::TooManyRequests(_)
        | Termination::Failed(_) => 104,
    }
}

/// A take in the first line of a plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wire {
    Sample,
    Numbers {
        targets: Vec<WireTarget>,
        /// Nanoseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window: Option<(u64, u64)>,
    },
}

/// What is taken, without what it is compared with.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct WireTarget {
    metric: String,
    stat: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made: Option<Made>,
}

impl From<Take> for Wire {
    fn from(take: Take) -> Wire {
        match take {
            Take::Sample => Wire::Sample,
            Take::Numbers(targets, window) => Wire::Numbers {
                targets: targets.into_iter().map(WireTarget::from).collect(),
                window: window.map(|window| (window.from.0, window.to.0)),
            },
        }
    }
}

impl TryFrom<Wire> for Take {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Take, String> {
        Ok(match wire {
            Wire::Sample => Take::Sample,
            Wire::Numbers { targets, window } => {
                let targets = targets.into_iter().map(Target::try_from);
                let window = window.map(|(from, to)| Window {
                    from: Span(from),
                    to: Span(to),
                });
                Take::Numbers(targets.collect::<Result<_, _>>()?, window)
            }
        })
    }
}

impl From<Target> for WireTarget {
    fn from(target: Target) -> WireTarget {
        WireTarget {
            metric: target.reading.metric,
            stat: target.reading.stat.to_string(),
            made: target.reading.made,
        }
    }
}

impl TryFrom<WireTarget> for Target {
    type Error = String;

    fn try_from(wire: WireTarget) -> Result<Target, String> {
        let reading = Reading {
            stat: Stat::parse(&wire.stat)?,
            metric: wire.metric,
            value: 0.0,
            resolution: 0.0,
            hidden: None,
            made: wire.made,
        };
        Ok(Target {
            reading,
            scale: None,
        })
    }
}

/// A sample as JSON.
#[derive(Serialize, Deserialize)]
struct WrittenSample {
    margins: Vec<Exact>,
    metrics: BTreeMap<String, Exact>,
    pools: Vec<(Exact, Exact)>,
    in_system: Exact,
    in_room: Exact,
    limits: Vec<WrittenLimit>,
}

#[derive(Serialize, Deserialize)]
struct WrittenLimit {
    kind: Kind,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    family: Option<(String, usize)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<Exact>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ceiling: Option<Exact>,
    /// In the order of [`Limit::numbers`].
    numbers: Vec<Exact>,
}

impl From<&Sample> for WrittenSample {
    fn from(sample: &Sample) -> WrittenSample {
        let limits = sample.account.limits.iter().cloned();
        let pools = sample.pools.iter();
        WrittenSample {
            margins: sample.margins.iter().copied().map(Exact).collect(),
            metrics: sample
                .metrics
                .iter()
                .map(|(name, x)| (name.clone(), Exact(*x)))
                .collect(),
            pools: pools
                .map(|hold| (Exact(hold.per_second), Exact(hold.mean)))
                .collect(),
            in_system: Exact(sample.account.in_system),
            in_room: Exact(sample.account.in_room),
            limits: limits.map(WrittenLimit::from).collect(),
        }
    }
}

impl From<WrittenSample> for Sample {
    fn from(written: WrittenSample) -> Sample {
        let pools = written.pools.into_iter();
        Sample {
            margins: written.margins.into_iter().map(|x| x.0).collect(),
            metrics: written
                .metrics
                .into_iter()
                .map(|(name, x)| (name, x.0))
                .collect(),
            pools: pools
                .map(|(per_second, mean)| Hold {
                    per_second: per_second.0,
                    mean: mean.0,
                })
                .collect(),
            account: Account {
                limits: written.limits.into_iter().map(Limit::from).collect(),
                in_system: written.in_system.0,
                in_room: written.in_room.0,
            },
        }
    }
}

impl From<Limit> for WrittenLimit {
    fn from(mut limit: Limit) -> WrittenLimit {
        WrittenLimit {
            numbers: limit.numbers().into_iter().map(|x| Exact(*x)).collect(),
            kind: limit.kind,
            name: limit.name,
            family: limit.family,
            size: limit.size.map(Exact),
            ceiling: limit.ceiling.map(Exact),
        }
    }
}

impl From<WrittenLimit> for Limit {
    fn from(written: WrittenLimit) -> Limit {
        let mut limit = Limit::new(written.kind, written.name);
        for (at, number) in limit.numbers().into_iter().zip(written.numbers) {
            *at = number.0;
        }
        limit.family = written.family;
        limit.size = written.size.map(|x| x.0);
        limit.ceiling = written.ceiling.map(|x| x.0);
        limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Document;

    /// Every number of a sample, those that JSON does not know included, comes back to the last bit.
    #[test]
    fn what_was_taken_is_read_back_as_it_was() {
        let third = 1.0 / 3.0;
        let mut limit = Limit::new(Kind::Pool(3), "pool \"a\",\nb".to_owned());
        for (n, number) in limit.numbers().into_iter().enumerate() {
            *number = third * n as f64;
        }
        limit.best = f64::INFINITY;
        limit.ceiling = Some(0.1 + 0.2);
        limit.family = Some(("pool".to_owned(), 2));
        let lock = Limit::new(
            Kind::Lock(crate::model::system::Entity::Seat),
            String::new(),
        );
        let sample = Sample {
            margins: vec![-f64::MIN_POSITIVE, 5e-324, -0.0],
            metrics: [("a,b".to_owned(), 1e300), ("c".to_owned(), third)].into(),
            pools: vec![Hold {
                per_second: third,
                mean: f64::MAX,
            }],
            account: Account {
                limits: vec![limit, lock],
                in_system: 1e-9,
                in_room: 7.0,
            },
        };
        let text = Given::Sample(Box::new(sample.clone())).text();
        assert!(!text.contains('\n'), "{text}");
        let read = Take::Sample
            .read(text.as_bytes())
            .and_then(|given| given.sample().ok());
        assert_eq!(format!("{read:?}"), format!("{:?}", Some(sample)));
        assert!(Take::Sample.read(b"0,1,2").is_none());
        let target = |stat: &str| WireTarget {
            metric: "m".to_owned(),
            stat: stat.to_owned(),
            made: None,
        };
        let all =
            ["p(99.9)", "avg", "passes", "interrupted"].map(|stat| Target::try_from(target(stat)));
        let targets = all
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .unwrap_or_default();
        let take = Take::Numbers(
            targets,
            Some(Window {
                from: Span(1),
                to: Span(u64::MAX),
            }),
        );
        let line = serde_json::to_string(&take).unwrap_or_default();
        assert_eq!(
            serde_json::from_str::<Take>(&line).ok(),
            Some(take.clone()),
            "{line}"
        );
        let numbers = Numbers {
            code: 99,
            seconds: third,
            values: vec![f64::NAN, third, -0.0, f64::INFINITY],
        };
        let text = Given::Numbers(numbers.clone()).text();
        let read = take.read(text.as_bytes()).map(Given::numbers);
        assert_eq!(
            format!("{read:?}"),
            format!("{:?}", Some(Ok::<_, String>(numbers)))
        );
        assert!(take.read(b"0,1.5,2").is_none(), "too few");
    }

    #[test]
    fn why_a_run_came_to_no_end_is_read_back_on_one_line() {
        let text = Given::NoEnd("too much,\n \"all\"".to_owned()).text();
        for take in [Take::Sample, Take::Numbers(Vec::new(), None)] {
            let read = take.read(text.as_bytes());
            let why = read.as_ref().and_then(Given::no_end);
            assert_eq!(why, Some("too much, \"all\""));
        }
    }

    /// The model that a worker makes of the changes is the one that the study had.
    #[test]
    fn a_model_is_prepared_alike_everywhere() {
        let text = "[scenarios.s]\nexecutor = \"constant-vus\"\nvus = 1\nduration = \"1s\"\njourney = \"j\"\n\
                    [journeys]\nj = [{ request = \"e\" }]\n[stations.w]\nservers = 3\n\
                    [endpoints.e]\nvisits = [{ station = \"w\", time = \"1ms\" }]\n";
        let model = Document::from_text("m.toml", text)
            .and_then(|d| d.check(&[]))
            .map(|c| c.model);
        let Ok(model) = model else {
            panic!("the model is valid")
        };
        let run = |slower| {
            let take = Take::Sample;
            let model = take.prepared(model.clone(), slower);
            let job = Job {
                model: &model,
                seed: 1,
                replication: 0,
            };
            take.run(&job)
                .sample()
                .map(|s| s.metrics["http_req_duration_avg_ms"])
        };
        assert_eq!(run(None), Ok(1.0));
        assert_eq!(run(Some(2.0)), Ok(2.0));
    }
}
