//! The binary: arguments in, exit code out. Everything else is the libraries'.

fn main() {
    // Leaves without unwinding the store: what was committed is durable, and dropping the engine only costs time.
    std::process::exit(kctl_cli::run(std::env::args_os().collect()));
}
