//! Shards: which cells of a sweep one of several processes runs.

use std::fmt;
use std::str::FromStr;

/// Cell c belongs to the shard c mod `of`, so that the heavy end of an axis is shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 0.
    pub number: u64,
    /// How many there are.
    pub of: u64,
}

/// What `--shard` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This one.
    Given(Shard),
    /// The one that the environment names, and of how many if that is said.
    Auto(Option<u64>),
}

/// Variables that number the tasks of an engine, and those that count them. Open MPI and PMI count ranks from 0;
/// Kubernetes counts the indexes of an Indexed Job from 0 and tells nobody how many there are.
const ENGINES: [(&str, Option<&str>); 5] = [
    ("SLURM_ARRAY_TASK_ID", Some("SLURM_ARRAY_TASK_COUNT")),
    ("JOB_COMPLETION_INDEX", None),
    ("OMPI_COMM_WORLD_RANK", Some("OMPI_COMM_WORLD_SIZE")),
    ("PMI_RANK", Some("PMI_SIZE")),
    ("SLURM_PROCID", Some("SLURM_NTASKS")),
];

impl Shard {
    /// All cells.
    pub const WHOLE: Shard = Shard { number: 0, of: 1 };

    fn new(number: u64, of: u64) -> Result<Shard, String> {
        match number < of {
            true => Ok(Shard { number, of }),
            false => Err(format!(
                "there is no shard {number} of {of}: they are numbered from 0 to {}",
                of.saturating_sub(1)
            )),
        }
    }

    /// Its cells among the first `count`.
    pub fn cells(self, all: u64) -> impl Iterator<Item = u64> {
        (self.number..all).step_by(usize::try_from(self.of).unwrap_or(usize::MAX))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Wanted, String> {
        let expected =
            || format!("`{text}` is not a shard: write 3/20 (numbers from 0), auto/20, or auto");
        let number = |text: &str| text.parse::<u64>().map_err(|_| expected());
        match text.split_once('/') {
            None if text == "auto" => Ok(Wanted::Auto(None)),
            Some(("auto", of)) => match number(of)? {
                0 => Err(expected()),
                of => Ok(Wanted::Auto(Some(of))),
            },
            Some((k, of)) => Shard::new(number(k)?, number(of)?).map(Wanted::Given),
            None => Err(expected()),
        }
    }
}

impl Wanted {
    /// The shard, where `variable` reads the environment.
    ///
    /// # Errors
    /// If it is left to the environment, and that does not name one.
    pub fn shard(self, variable: impl Fn(&str) -> Option<String>) -> Result<Shard, String> {
        let of = match self {
            Wanted::Given(shard) => return Ok(shard),
            Wanted::Auto(of) => of,
        };
        let number = |name: &str| -> Result<Option<u64>, String> {
            let Some(text) = variable(name) else {
                return Ok(None);
            };
            let parsed = text.trim().parse();
            parsed
                .map(Some)
                .map_err(|_| format!("{name} is `{text}`, which is not a number"))
        };
        for (name, count) in ENGINES {
            let Some(task) = number(name)? else {
                continue;
            };
            let counted = match (of, count) {
                (Some(_), _) | (None, None) => None,
                (None, Some(count)) => number(count)?,
            };
            let Some(of) = of.or(counted) else {
                return Err(format!(
                    "{name} says which shard this is, but nothing says of how many: write --shard auto/N"
                ));
            };
            return Shard::new(task, of).map_err(|why| {
                format!(
                    "{name} is {task}: {why}; write --shard auto/N with the N of the whole sweep"
                )
            });
        }
        let names = ENGINES.map(|(name, _)| name).join(", ");
        Err(format!(
            "--shard auto finds none of {names} in the environment"
        ))
    }
}

/// Ascending numbers as Slurm's `--array` takes them: `0,3-5`.
#[must_use]
pub fn array(numbers: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let run = |(first, last): &(u64, u64)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    runs.iter().map(run).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(text: &str, variables: &[(&str, &str)]) -> Result<Shard, String> {
        let read = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        text.parse::<Wanted>()?.shard(read)
    }

    #[test]
    fn shards_share_out_each_cell_once() {
        let mut all: Vec<u64> = (0..7)
            .flat_map(|number| Shard { number, of: 7 }.cells(100))
            .collect();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert_eq!(Shard { number: 5, of: 7 }.cells(3).count(), 0);
    }

    #[test]
    fn an_engine_names_the_shard() {
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "3"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
        ];
        assert_eq!(auto("auto", &slurm), Ok(Shard { number: 3, of: 4 }));
        // Some tasks submitted anew: Slurm counts these alone.
        let again = [
            ("SLURM_ARRAY_TASK_ID", "7"),
            ("SLURM_ARRAY_TASK_COUNT", "2"),
        ];
        assert!(auto("auto", &again).is_err_and(|why| why.contains("auto/N")));
        assert_eq!(auto("auto/20", &again), Ok(Shard { number: 7, of: 20 }));
        let job = [("JOB_COMPLETION_INDEX", "0")];
        assert!(auto("auto", &job).is_err_and(|why| why.contains("of how many")));
        assert_eq!(auto("auto/5", &job), Ok(Shard { number: 0, of: 5 }));
        let mpi = [("OMPI_COMM_WORLD_RANK", "1"), ("OMPI_COMM_WORLD_SIZE", "2")];
        assert_eq!(auto("auto", &mpi), Ok(Shard { number: 1, of: 2 }));
        assert!(auto("auto", &[]).is_err_and(|why| why.contains("SLURM_ARRAY_TASK_ID")));
        assert_eq!(auto("2/3", &[]), Ok(Shard { number: 2, of: 3 }));
        for wrong in ["3/3", "1", "auto/0", "0/0", "-1/2", "a/b", ""] {
            assert!(auto(wrong, &mpi).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_written_as_slurm_reads_them() {
        assert_eq!(array(&[]), "");
        assert_eq!(array(&[4]), "4");
        assert_eq!(array(&[0, 3, 4, 5, 9, 10]), "0,3-5,9-10");
    }
}
