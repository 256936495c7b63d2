//! Runs inputs from files again, without libFuzzer: `replay FOLDER [TARGET...]`, each
//! target on the files of its folder. Fails at the first that finds something, and if
//! there is no input for a target.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let corpus = PathBuf::from(arguments.next().ok_or("where is the corpus?")?);
    let asked: Vec<String> = arguments.collect();
    let mut total = 0;
    for name in evergrant_fuzz::names() {
        if !asked.is_empty() && !asked.iter().any(|it| it == name) {
            continue;
        }
        let mut count = 0;
        let mut paths: Vec<PathBuf> = fs::read_dir(corpus.join(name))?
            .map(|it| Ok(it?.path()))
            .collect::<Result<_, std::io::Error>>()?;
        paths.sort();
        for path in paths {
            let data = fs::read(&path)?;
            if std::panic::catch_unwind(|| evergrant_fuzz::run(name, &data)).is_err() {
                return Err(format!("{name} found something: {}", path.display()).into());
            }
            count += 1;
        }
        if count == 0 {
            return Err(format!("no input for {name}").into());
        }
        println!("{name}: {count} inputs");
        total += count;
    }
    if total == 0 {
        return Err("no such target".into());
    }
    println!("  {total} checks hold: inputs of the fuzzers, again");
    Ok(())
}
