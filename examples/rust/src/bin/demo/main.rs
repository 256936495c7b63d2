//! The life of one grant, shown as it happens: each input, each output, and
//! where the connection stands.

mod browser;
mod show;
mod story;
mod words;

use std::{error::Error, process::ExitCode};

const HELP: &str = "\
Shows the life of one OAuth grant, against an authorization server of its own.

Usage: demo [--browser]

  --browser  open the consent page in a browser, and wait for a person
  --help     print this

Colours are used on a terminal, unless NO_COLOR is set. Nothing leaves this
machine, and nothing stays on it. Exits with 1 if anything is not as it must be.
";

fn main() -> ExitCode {
    let browser = match arguments() {
        Ok(Some(browser)) => browser,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("demo: {error}\n\n{HELP}");
            return ExitCode::FAILURE;
        }
    };
    match story::tell(browser) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ndemo: this is not how it must go: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether a person is to consent in a browser; nothing if help is wanted.
fn arguments() -> Result<Option<bool>, Box<dyn Error>> {
    let mut browser = false;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("browser") => browser = true,
            lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(browser))
}
