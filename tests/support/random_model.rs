//! Draws small models that use every mechanism there is.

use capsim::engine::stream::Stream;

/// Draws the features of one model from a stream.
pub struct RandomModel(Stream);

/// The text of the model with this number.
pub fn random_model(number: u64) -> String {
    RandomModel(Stream::new(number, 0, "random models")).model()
}

impl RandomModel {
    fn number(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.below(high - low + 1)
    }

    fn chance(&mut self, p: f64) -> bool {
        self.0.chance(p)
    }

    /// The text with a probability, else nothing.
    fn maybe(&mut self, p: f64, text: &str) -> String {
        let wanted = self.chance(p);
        if wanted { text.into() } else { String::new() }
    }

    fn one_of(&mut self, all: &[&str]) -> String {
        all[self.0.below(all.len() as u64) as usize].into()
    }

    /// A time of some milliseconds, sometimes zero.
    fn time(&mut self, ms: u64) -> String {
        let mean = self.number(0, ms);
        match self.number(0, 3) {
            0 => format!("\"{mean}ms\""),
            1 => format!("{{ uniform = [\"0s\", \"{}ms\"] }}", 2 * mean + 1),
            2 => format!(
                "{{ lognormal = {{ mean = \"{}ms\", cv = 1.5 }} }}",
                mean + 1
            ),
            _ => format!("{{ exponential = \"{}ms\" }}", mean + 1),
        }
    }

    fn load(&mut self) -> String {
        let vus = self.number(1, 20);
        match self.number(0, 8) {
            0 => format!("executor = \"constant-vus\"\nvus = {vus}\nduration = \"3s\""),
            1 => format!(
                "executor = \"shared-iterations\"\nvus = {vus}\niterations = {}",
                vus * 3
            ),
            2 => format!("executor = \"per-vu-iterations\"\nvus = {vus}\niterations = 2"),
            3 => format!(
                "executor = \"poisson-arrivals\"\nrate = {}\nduration = \"{}s\"",
                vus * 3,
                self.number(1, 3)
            ),
            // The last user arrives when the load ends.
            4 => format!(
                "executor = \"renewal-arrivals\"\ngap = \"{}ms\"\nduration = \"3s\"",
                3000 / vus
            ),
            5 => "executor = \"trace-arrivals\"\nat = [\"0s\", \"1s\", \"1s\", \"3s\"]".into(),
            6 => format!(
                "executor = \"constant-arrival-rate\"\nrate = {}\nduration = \"2s\"\n\
                 pre_allocated_vus = {vus}\nmax_vus = {}",
                vus * 5,
                vus + self.number(0, 3)
            ),
            7 => format!(
                "executor = \"ramping-arrival-rate\"\nstart_rate = 1\npre_allocated_vus = {vus}\n\
                 stages = [{{ duration = \"1s\", target = {} }}, {{ duration = \"1s\", target = 0 }}]",
                vus * 4
            ),
            _ => format!(
                "executor = \"ramping-vus\"\nstart_vus = {}\nstages = [{{ duration = \"1s\", target = {vus} }}, \
                 {{ duration = \"0s\", target = {} }}, {{ duration = \"1s\", target = {} }}]{}",
                self.number(0, 3),
                vus / 2,
                self.number(0, 5),
                self.one_of(&[
                    "",
                    "\ngraceful_ramp_down = \"0s\"",
                    "\ngraceful_ramp_down = \"50ms\""
                ]),
            ),
        }
    }

    fn scenario(&mut self, journeys: u64) -> String {
        let load = self.load();
        let late = self.maybe(0.3, "start_time = \"700ms\"\n");
        let grace = self.one_of(&[
            "",
            "",
            "graceful_stop = \"0s\"\n",
            "graceful_stop = \"1ms\"\n",
            "graceful_stop = \"100ms\"\n",
        ]);
        let journey = self.0.below(journeys);
        format!("{load}\n{late}{grace}journey = \"j{journey}\"\n")
    }

    fn request(&mut self) -> String {
        let checks = self.maybe(0.5, ", checks = [\"status is 200\"]");
        let other = self.one_of(&[
            "",
            "",
            ", else = \"end_iteration\"",
            ", else = \"end_iteration\"",
        ]);
        format!("{{ request = \"e{}\"{checks}{other} }}", self.0.below(4))
    }

    fn journey(&mut self, shop: bool) -> String {
        // Something must take time, also where a failure ends the iteration.
        let mut steps = vec!["{ sleep = \"20ms\" }".to_owned()];
        if shop {
            steps.push("{ pick = \"user\" }".to_owned());
            steps.push("{ pick = \"event\" }".to_owned());
        }
        for _ in 0..self.number(1, 3) {
            let request = self.request();
            steps.push(match self.number(0, 6) {
                0 => format!("{{ repeat = [{request}], times = {} }}", self.number(1, 4)),
                1 => format!("{{ group = \"g\", steps = [{request}] }}"),
                2 => format!("{{ with_probability = 0.4, steps = [{request}] }}"),
                _ => request,
            });
            if self.chance(0.7) {
                steps.push(format!("{{ sleep = {} }}", self.time(400)));
            }
        }
        if shop && self.chance(0.6) {
            steps.push("{ request = \"list\", pick = \"seat\", else = \"end_iteration\" }".into());
            steps.push("{ request = \"claim\", else = \"end_iteration\" }".into());
            steps.push(self.one_of(&["{ release = \"seat\" }", "{ request = \"pay\" }"]));
        }
        if shop && self.chance(0.4) {
            steps.push("{ request = \"join\" }".into());
            steps.push(
                "{ poll = \"status\", until = \"admitted\", every = \"200ms\", at_most = 5, \
                 else = \"end_iteration\" }"
                    .into(),
            );
        }
        steps.join(", ")
    }

    fn serve(&mut self) -> String {
        let class = self.number(0, 2);
        let class = self.maybe(0.3, &format!(", class = {class}"));
        let patience = self.maybe(0.15, ", patience = { exponential = \"100ms\" }");
        format!(
            "{{ station = \"s{}\", time = {}{class}{patience} }}",
            self.0.below(3),
            self.time(60)
        )
    }

    fn visit(&mut self, depth: u64, callable: u64, shop: bool) -> String {
        let inner = |this: &mut RandomModel| {
            let n = this.number(1, 2);
            let all: Vec<_> = (0..n)
                .map(|_| this.visit(depth + 1, callable, shop))
                .collect();
            all.join(", ")
        };
        match self.number(0, if depth < 2 { 13 } else { 7 }) {
            0 | 1 => format!("{{ delay = {} }}", self.time(50)),
            2..=5 => self.serve(),
            6 => "{ fail = 0.1, status = 503 }".into(),
            7 if callable > 0 => match self.number(0, 2) {
                0 => format!("{{ call = \"e{}\" }}", self.0.below(callable)),
                1 => format!("{{ spawn = \"e{}\" }}", self.0.below(callable)),
                _ => format!("{{ parallel = [\"e{}\", \"e0\"] }}", self.0.below(callable)),
            },
            8 | 9 => {
                let pool = self.0.below(2);
                format!("{{ hold = \"p{pool}\", visits = [{}] }}", inner(self))
            }
            10 => {
                let key = self.one_of(if shop {
                    &["user", "event", "global"]
                } else {
                    &["global"]
                });
                let timeout = self.maybe(0.3, "timeout = \"80ms\", ");
                format!(
                    "{{ lock = \"{key}\", {timeout}visits = [{}] }}",
                    inner(self)
                )
            }
            11 if shop => format!(
                "{{ optimistic = \"user\", status = 409, visits = [{}] }}",
                inner(self)
            ),
            _ => self.serve(),
        }
    }

    fn endpoint(&mut self, number: u64, shop: bool) -> String {
        let timeout = self.maybe(0.25, "timeout = \"500ms\"\n");
        let cancel = self.maybe(0.2, "cancel = true\n");
        let none = self.chance(0.05);
        let mut visits: Vec<String> = (0..if none { 0 } else { self.number(1, 3) })
            .map(|_| self.visit(0, number, shop))
            .collect();
        if self.chance(0.1) {
            let at = self.0.below(visits.len() as u64 + 1) as usize;
            visits.insert(at, "{ respond = true }".into());
        }
        format!("{timeout}{cancel}visits = [{}]\n", visits.join(", "))
    }

    fn station(&mut self) -> String {
        let discipline = self.one_of(&[
            "",
            "",
            "",
            "discipline = \"processor-sharing\"\n",
            "discipline = \"lifo\"\n",
            "discipline = \"random\"\n",
            "discipline = \"priority\"\n",
        ]);
        let queue = self.maybe(0.15, "queue = 4\n");
        let law = self.maybe(0.15, "scalability = { sigma = 0.02, kappa = 0.001 }\n");
        let slow = self.one_of(&[
            "",
            "",
            "",
            "",
            "slowdowns = [{ name = \"w\", at = \"1s\", lasts = \"500ms\", leaves = 0.4 }]\n",
            "slowdowns = [{ name = \"p\", every = { exponential = \"500ms\" }, lasts = \"50ms\" }]\n",
        ]);
        format!(
            "servers = {}\n{discipline}{queue}{law}{slow}",
            self.number(1, 18)
        )
    }

    /// Who of those who wait for a token is next.
    fn order(&mut self) -> String {
        self.one_of(&[
            "",
            "",
            "",
            "order = \"random\"\n",
            "order = \"last-in-first-out\"\nat_random = 0.2\nevenly = true\n",
            "order = \"barging\"\nwake = \"1ms\"\nrejoin = 0.5\n",
            "order = \"barging\"\nwake = \"1ms\"\nhand_off = 0.3\nrejoin = \"back\"\noverflow = 2\n",
        ])
    }

    fn thresholds(&mut self) -> String {
        match self.number(0, 4) {
            0 => "[thresholds]\n\"http_req_duration{scenario:a0}\" = [\"p(90)<200\"]\n\
                  \"http_req_failed\" = [\"rate<0.01\"]\n"
                .into(),
            1 => "[thresholds]\nhttp_req_duration = [{ threshold = \"p(95)<80\", \
                  abort_on_fail = true }]\n"
                .into(),
            _ => String::new(),
        }
    }

    fn model(&mut self) -> String {
        let shop = self.chance(0.4);
        let mut text = String::from("[model]\nname = \"random\"\n");
        if shop {
            text += "users = 7\n";
        }
        for n in 0..self.number(1, 3) {
            text += &format!("[scenarios.a{n}]\n{}", self.scenario(2));
        }
        text += &format!(
            "[journeys]\nj0 = [{}]\nj1 = [{}]\n",
            self.journey(shop),
            self.journey(shop)
        );
        for n in 0..3 {
            text += &format!("[stations.s{n}]\n{}", self.station());
        }
        let queue = self.maybe(0.3, "queue = 3\n");
        let timeout = self.maybe(0.3, "timeout = \"90ms\"\n");
        for (n, keys) in [queue, timeout].into_iter().enumerate() {
            let order = self.order();
            let size = self.number(1, 6);
            text += &format!("[pools.p{n}]\nsize = {size}\n{keys}{order}");
        }
        for n in 0..4 {
            text += &format!("[endpoints.e{n}]\n{}", self.endpoint(n, shop));
        }
        if shop {
            text += "[endpoints.list]\nvisits = [{ station = \"s0\", time = \"2ms\" }, { list = \"seats\" }]\n\
                 [endpoints.claim]\nvisits = [{ lock = \"seat\", visits = [{ station = \"s1\", time = \"3ms\" }, \
                 { claim = \"seat\" }] }]\n\
                 [endpoints.pay]\nvisits = [{ station = \"s2\", time = \"5ms\" }, { confirm = \"seat\", status = 410 }]\n\
                 [endpoints.join]\nvisits = [{ delay = \"1ms\" }, { issue = \"token\" }]\n\
                 [endpoints.status]\nvisits = [{ delay = \"1ms\" }, { status = \"queue\" }]\n\
                 [inventory]\nevents = 3\nseats_per_event = 20\nhold_expires_after = \"300ms\"\n\
                 [waiting_room]\nadmit = { active = 6, rate = 10 }\nsession = \"1s\"\n";
            text += &self.one_of(&[
                "",
                "[locks.seat]\norder = \"by-version\"\n",
                "[locks.seat]\norder = \"random\"\n",
                "[locks.seat]\norder = \"barging\"\nwake = \"1ms\"\nhand_off = 0.3\n",
            ]);
        }
        text += &self.maybe(0.15, "[network]\nlatency = { exponential = \"5ms\" }\n");
        text + &self.thresholds()
    }
}
