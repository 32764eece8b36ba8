//! What a message costs the rules, beside the least that any program would have to do for it: reading its payload as
//! JSON.
//!
//! Run with `cargo bench --bench rules`; read the ratio of a row to its `bare` row, or to the row with one rule, not the
//! time. One thread, so messages a second are those of one core.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use lwtop::rules::{Message, Rule, RuleSet};

const WILL: &[u8] =
    br#"{"state": {"reported": {"last_will": "yes", "trigger_action": "on", "client_id": "lwtThing"}}}"#;
const OFF: &[u8] =
    br#"{"state": {"reported": {"last_will": "yes", "trigger_action": "off", "client_id": "lwtThing"}}}"#;

fn main() {
    divan::main();
}

/// Rules with the article's condition, on a topic filter each.
fn rules(filters: impl Iterator<Item = String>) -> RuleSet {
    let rule = |(number, filter): (usize, String)| {
        let sql = format!(
            "SELECT * FROM '{filter}' WHERE state.reported.last_will = 'yes' AND state.reported.trigger_action = 'on'"
        );
        Rule::new(&format!("rule {number}"), sql.parse().expect("a statement"))
    };
    RuleSet::new(filters.enumerate().map(rule).collect())
}

/// Evaluates messages one after the other, on these topics in turn.
fn evaluate(bencher: Bencher, rules: &RuleSet, topics: &[String], payload: &[u8], outcomes: usize) {
    let mut turn = topics.iter().cycle();
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        let topic = turn.next().expect("a topic");
        let found = rules.evaluate(&Message::new(black_box(topic), black_box(payload)));
        assert_eq!(found.len(), outcomes);
        found.first().is_some_and(|outcome| outcome.matched)
    });
}

/// The article's rule on the article's will.
mod article {
    use super::{Bencher, ItemsCount, OFF, RuleSet, WILL, black_box, evaluate};

    fn run(bencher: Bencher, payload: &[u8]) {
        let topic = "/last/will/topic";
        let rules = RuleSet::article(&topic.parse().expect("a filter"), &"/lwt/executed".parse().expect("a topic"));
        evaluate(bencher, &rules, &[topic.to_owned()], payload, 1);
    }

    #[divan::bench(sample_size = 1_000)]
    fn matched(bencher: Bencher) {
        run(bencher, WILL);
    }

    #[divan::bench(sample_size = 1_000)]
    fn not_matched(bencher: Bencher) {
        run(bencher, OFF);
    }

    #[divan::bench(sample_size = 1_000)]
    fn bare(bencher: Bencher) {
        bencher
            .counter(ItemsCount::new(1_usize))
            .bench_local(|| serde_json::from_slice::<serde_json::Value>(black_box(WILL)).expect("JSON"));
    }
}

/// Many rules, of which each message concerns one.
mod among {
    use super::{Bencher, WILL, evaluate, rules};

    const COUNTS: [usize; 2] = [1, 1_000];

    #[divan::bench(args = COUNTS, sample_size = 1_000)]
    fn topics(bencher: Bencher, count: usize) {
        let topics: Vec<_> = (0..count).map(|number| format!("fleet/{number}/press/will")).collect();
        evaluate(bencher, &rules(topics.iter().cloned()), &topics, WILL, 1);
    }

    #[divan::bench(args = COUNTS, sample_size = 1_000)]
    fn wildcards(bencher: Bencher, count: usize) {
        let topics: Vec<_> = (0..count).map(|number| format!("fleet/{number}/press/will")).collect();
        evaluate(bencher, &rules((0..count).map(|number| format!("fleet/{number}/+/will"))), &topics, WILL, 1);
    }

    /// A message on a topic that no rule listens to.
    #[divan::bench(args = COUNTS, sample_size = 1_000)]
    fn unheard(bencher: Bencher, count: usize) {
        let rules = rules((0..count).map(|number| format!("fleet/{number}/+/will")));
        evaluate(bencher, &rules, &["fleet/0/press/telemetry".to_owned()], WILL, 0);
    }
}
