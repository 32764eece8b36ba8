//! How lwtop connects to another broker.

use clap::Args;

/// What the link to a broker is told. The password is in none of them: everybody on a machine can read the flags of its
/// programs.
#[derive(Debug, Clone, Default, Args)]
pub struct LinkArgs {
    /// Go through this HTTP proxy: http://[user[:password]@]host[:port] [default: for wss://, HTTPS_PROXY]
    #[arg(long, value_name = "URL", help_heading = "Connection")]
    pub proxy: Option<String>,

    /// Trust these authorities instead of the system's: a PEM file
    #[arg(long, value_name = "FILE", help_heading = "Connection")]
    pub ca: Option<String>,

    /// Show this client certificate: a PEM file, its chain behind it
    #[arg(long, value_name = "FILE", help_heading = "Connection")]
    pub cert: Option<String>,

    /// The private key of the certificate: a PEM file
    #[arg(long, value_name = "FILE", help_heading = "Connection")]
    pub key: Option<String>,

    /// Ask for this name and verify it, where it is not the address's
    #[arg(long, value_name = "NAME", help_heading = "Connection")]
    pub server_name: Option<String>,

    /// Offer this application protocol; may be repeated [default: x-amzn-mqtt-ca or mqtt on port 443 of AWS, else none]
    #[arg(long, value_name = "PROTOCOL", help_heading = "Connection")]
    pub alpn: Vec<String>,

    /// Take any certificate of the broker: whoever is in between can read and change everything
    #[arg(long, help_heading = "Connection")]
    pub insecure: bool,

    /// User name; the password is in LWTOP_PASSWORD, or where password_env or password_file of the file say
    #[arg(long, value_name = "NAME", help_heading = "Connection")]
    pub user: Option<String>,

    /// Speak only this version of MQTT: auto, 3.1.1 or 5 [default: auto, which is 5 and then 3.1.1]
    #[arg(long, value_name = "VERSION", help_heading = "Connection")]
    pub protocol: Option<String>,

    /// How lwtop's two client ids begin [default: lwtop- and a random part]
    #[arg(long, value_name = "ID", help_heading = "Connection")]
    pub client_id: Option<String>,
}
