//! `lwtop certs`.

use clap::Args;
use std::path::PathBuf;

/// `lwtop certs`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lwtop certs --out certs                              an authority, a server and lwtThing
  lwtop certs --out certs --device press-7             one device more
  lwtop certs --out certs --host broker.example        a server that has this name too

It writes ca.pem, server.pem and a .pem for each device, each with a .key beside it that only you can read, and never writes over \
a file. The authority is good for ten years, what it signs for 825 days.

Exit codes: 0 done; 1 a file cannot be read or written; 2 a file is there already, or a name will not do.")]
pub struct CertsArgs {
    /// Write to this directory; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Make a certificate for this device, with its name as common name; may be repeated [default: lwtThing]
    #[arg(long, value_name = "NAME")]
    pub device: Vec<String>,

    /// A name or an IP address that the server has beside localhost, 127.0.0.1 and ::1; may be repeated
    #[arg(long, value_name = "NAME")]
    pub host: Vec<String>,
}
