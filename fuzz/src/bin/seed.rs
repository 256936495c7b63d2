//! Writes a first corpus: `seed FOLDER`, inputs of each target made from the golden
//! transcripts and the frozen records.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = PathBuf::from(env::args().nth(1).ok_or("where is the corpus to be?")?);
    for (target, inputs) in evergrant_fuzz::seeds()? {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        for (at, input) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("seed-{at:03}")), input)?;
        }
        println!("{target}: {} seeds", inputs.len());
    }
    Ok(())
}
