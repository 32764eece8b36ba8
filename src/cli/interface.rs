//! Flags of the terminal interface.

use clap::Args;

/// How the terminal interface looks and listens.
#[derive(Debug, Clone, Default, Args)]
pub struct InterfaceArgs {
    /// The theme: dark, light, high-contrast, colour-blind, mono, or the path of a file [default: dark]
    #[arg(long, value_name = "NAME", help_heading = "Interface")]
    pub theme: Option<String>,

    /// Draw nothing but ASCII
    #[arg(long, help_heading = "Interface")]
    pub ascii: bool,

    /// Watch only: nothing can be launched, killed or deleted
    #[arg(long, help_heading = "Interface", conflicts_with = "devices")]
    pub read_only: bool,

    /// Leave the mouse to the terminal: text can then be selected without shift
    #[arg(long, help_heading = "Interface")]
    pub no_mouse: bool,
}
