//! Deadlock: jobs that wait for one another in a cycle. Searched for when a job starts to wait, as
//! databases do, because only a new wait can close a cycle.

use super::Job;

/// The circle of waits through `start`, if there is one: each job waits for the next, the last one for
/// `start`. `blockers` appends the jobs that a job waits for, all of which must move first.
pub fn find_cycle(start: Job, mut blockers: impl FnMut(Job, &mut Vec<Job>)) -> Option<Vec<Job>> {
    // Each job found, and the index of the one that waits for it.
    let mut found = vec![(start, usize::MAX)];
    let (mut at, mut next) = (0, Vec::new());
    while let Some(&(job, _)) = found.get(at) {
        blockers(job, &mut next);
        for blocker in next.drain(..) {
            if blocker == start {
                return Some(path(&found, at));
            }
            if found.iter().all(|(known, _)| *known != blocker) {
                found.push((blocker, at));
            }
        }
        at += 1;
    }
    None
}

fn path(found: &[(Job, usize)], last: usize) -> Vec<Job> {
    let mut path = Vec::new();
    let mut at = last;
    while let Some(&(job, before)) = found.get(at) {
        path.push(job);
        at = before;
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycle(edges: &[(Job, Job)]) -> Option<Vec<Job>> {
        find_cycle(1, |job, next| {
            next.extend(edges.iter().filter(|e| e.0 == job).map(|e| e.1));
        })
    }

    #[test]
    fn circles_are_found_and_lines_are_not() {
        assert_eq!(cycle(&[(1, 2), (2, 1)]), Some(vec![1, 2]));
        assert_eq!(cycle(&[(1, 2), (2, 3), (3, 4)]), None);
        assert_eq!(cycle(&[(1, 1)]), Some(vec![1]));
        // A circle that the new wait only leads into was there before.
        assert_eq!(cycle(&[(1, 2), (2, 3), (3, 2)]), None);
        // Who joins branches waits for all of them.
        assert_eq!(
            cycle(&[(1, 2), (2, 3), (2, 4), (4, 5), (5, 1)]),
            Some(vec![1, 2, 4, 5])
        );
    }
}
