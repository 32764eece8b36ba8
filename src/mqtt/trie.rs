//! Which of many topic filters match a topic, without trying each.

use super::topic::TopicFilter;
use std::collections::HashMap;
use std::slice;

/// How many levels with a choice are remembered without allocating. AWS IoT allows eight levels.
const FEW: usize = 16;

/// Values under topic filters, found by topic.
///
/// A tree with one level of the filters per step: a topic goes the way of its own levels and, where there is one, the way
/// of `+`, so what it costs does not depend on how many filters go other ways. Looking up allocates nothing, up to
/// sixteen levels with both ways. The nodes lie in one list: a filter may have 32 768 levels, and nothing here
/// recurses.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterTrie<T> {
    nodes: Vec<Node<T>>,
}

/// What filters that begin alike have in common. The first node is the root.
#[derive(Clone, Debug, PartialEq)]
struct Node<T> {
    /// The next level, where it is text.
    levels: HashMap<Box<str>, usize>,
    /// The next level, where it is `+`.
    any: Option<usize>,
    /// What stands under the filter that ends here.
    here: Vec<T>,
    /// What stands under the filter that goes on with `#`.
    rest: Vec<T>,
}

impl<T> Node<T> {
    fn new() -> Self {
        Self { levels: HashMap::new(), any: None, here: Vec::new(), rest: Vec::new() }
    }
}

impl<T> Default for FilterTrie<T> {
    fn default() -> Self {
        Self { nodes: vec![Node::new()] }
    }
}

impl<T> FilterTrie<T> {
    /// Puts a value under a filter; one filter may have several.
    pub fn insert(&mut self, filter: &TopicFilter, value: T) {
        let mut at = 0;
        for level in filter.as_str().split('/') {
            let next = self.nodes.len();
            let node = &mut self.nodes[at];
            at = match level {
                // Always the last level.
                "#" => return node.rest.push(value),
                "+" => *node.any.get_or_insert(next),
                _ => match node.levels.get(level) {
                    Some(known) => *known,
                    None => *node.levels.entry(level.into()).or_insert(next),
                },
            };
            if at == next {
                self.nodes.push(Node::new());
            }
        }
        self.nodes[at].here.push(value);
    }

    /// The values under all filters that match `topic`, as [`TopicFilter::matches`] has it, in no particular order.
    pub fn matches<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = &'a T> {
        let mut ways = Ways::default();
        ways.push((0, 0));
        Matches { nodes: &self.nodes, topic, ways, rest: [].iter(), here: [].iter() }
    }
}

struct Matches<'a, T> {
    nodes: &'a [Node<T>],
    topic: &'a str,
    ways: Ways,
    rest: slice::Iter<'a, T>,
    here: slice::Iter<'a, T>,
}

impl<'a, T> Iterator for Matches<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        loop {
            if let Some(value) = self.rest.next().or_else(|| self.here.next()) {
                return Some(value);
            }
            let (node, at) = self.ways.pop()?;
            self.visit(&self.nodes[node], at);
        }
    }
}

impl<'a, T> Matches<'a, T> {
    /// Comes to a node when the levels of the topic before `at` have been walked.
    fn visit(&mut self, node: &'a Node<T>, at: usize) {
        // A wildcard in the first level does not match topics that begin with `$` (4.7.2-1).
        let wildcards = at > 0 || !self.topic.starts_with('$');
        if wildcards {
            // With all levels walked too: `#` matches its parent level (4.7.1.2).
            self.rest = node.rest.iter();
        }
        let Some(left) = self.topic.get(at..) else {
            self.here = node.here.iter();
            return;
        };
        let level = left.split('/').next().unwrap_or_default();
        // Past the slash; past the end of the topic by one if there is none.
        let after = at + level.len() + 1;
        if let Some(any) = node.any.filter(|_| wildcards) {
            self.ways.push((any, after));
        }
        if let Some(same) = node.levels.get(level) {
            self.ways.push((*same, after));
        }
    }
}

/// The ways that are still to be gone: nodes, each with how much of the topic lies before it.
#[derive(Default)]
struct Ways {
    few: [(usize, usize); FEW],
    count: usize,
    more: Vec<(usize, usize)>,
}

impl Ways {
    fn push(&mut self, way: (usize, usize)) {
        if let Some(free) = self.few.get_mut(self.count) {
            *free = way;
            self.count += 1;
        } else {
            self.more.push(way);
        }
    }

    fn pop(&mut self) -> Option<(usize, usize)> {
        self.more.pop().or_else(|| {
            self.count = self.count.checked_sub(1)?;
            self.few.get(self.count).copied()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn levels(level: &'static str) -> impl Strategy<Value = String> {
        prop::collection::vec(level, 1..6)
            .prop_map(|levels| levels.join("/"))
            .prop_filter("not empty", |text| !text.is_empty())
    }

    fn found(trie: &FilterTrie<usize>, topic: &str) -> Vec<usize> {
        let mut found: Vec<_> = trie.matches(topic).copied().collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn a_filter_of_many_levels_is_found_and_dropped() {
        let deep = "+/".repeat(32_000) + "#";
        let mut trie = FilterTrie::default();
        trie.insert(&deep.parse().unwrap(), 0);
        trie.insert(&deep.replace('+', "a").parse().unwrap(), 1);
        assert_eq!(found(&trie, &("a/".repeat(32_000) + "b")), [0, 1]);
        assert_eq!(found(&trie, &"a/".repeat(31_000)), [0; 0]);
        assert_eq!(found(&FilterTrie::default(), "a"), [0; 0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

        #[test]
        fn what_it_finds_is_what_matches(
            filters in prop::collection::vec(levels(r"[+#]|\$?[ab]?"), 0..40),
            topics in prop::collection::vec(levels(r"\$?[ab]?"), 1..10),
        ) {
            let filters: Vec<TopicFilter> = filters.iter().filter_map(|filter| filter.parse().ok()).collect();
            let mut trie = FilterTrie::default();
            for (index, filter) in filters.iter().enumerate() {
                trie.insert(filter, index);
            }
            for topic in topics {
                let expected: Vec<_> = (0..filters.len()).filter(|index| filters[*index].matches(&topic)).collect();
                prop_assert_eq!(found(&trie, &topic), expected, "{}", topic);
            }
        }
    }
}
