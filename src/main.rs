//! The `lwtop` program: everything is in the library.

fn main() {}
