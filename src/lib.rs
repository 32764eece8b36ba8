//! `lwtop`: *top* for MQTT Last Will and Testament.
//!
//! It watches a fleet of MQTT devices and tells how each one went away. The floors, from the bottom: [`clock`],
//! [`figures`], [`mqtt`] and [`wiring`] (vocabulary, no I/O); [`fleet`], [`convention`], [`rules`], [`scenario`] and [`ledger`] (pure domain), [`tls`] and [`dial`]; the adapters
//! [`gateway`], [`broker`], [`device`], [`link`], [`actions`], [`config`] and [`conformance`]; the [`hub`]; the views [`tui`] and [`watch`], and the [`swarm`]; the
//! [`commands`]. A file imports only from floors below its own: `tests/architecture.rs` holds the code to it.

pub mod actions;
pub mod aws;
pub mod broker;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod conformance;
pub mod convention;
pub mod device;
pub mod dial;
pub mod figures;
pub mod fleet;
pub mod gateway;
pub mod hub;
pub mod ledger;
pub mod link;
pub mod mqtt;
pub mod rules;
pub mod scenario;
pub mod swarm;
pub mod tls;
pub mod tui;
pub mod watch;
pub mod wiring;
