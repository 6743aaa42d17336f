"""From the data folder to the shipped model, stage by stage: `python -m training.model.train --help`.

Stages leave their results in the work folder and are not repeated when their result is there; delete a file to
repeat its stage. A stopped teacher stage goes on where it stopped.
"""

import argparse
import platform
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from training.model.contrast import Contrast, Recipe
from training.model.distil import distil
from training.model.export import export
from training.model.measure import Embed, beir_task, held_out_task, measure, show
from training.model.mining import mine_with_student
from training.model.student import Student, embed
from training.model.teacher import Teaching, embed_with_teacher, unique_english
from training.texts.corpus import Corpus, load_corpus
from training.texts.texts import Lexicon, Pieces
from training.texts.views import Noise, PairViews, Templates
from training.texts.vocabulary import train_tokenizer

DIMENSION = 512
FIRST_ROUND = Recipe(epochs=3, rate=0.01, negatives=0, neighbours=1.0, cloze=1.0, translation=0.5, graded=0.2)
MINED_ROUNDS = (
    Recipe(epochs=5, rate=0.008),
    Recipe(epochs=4, rate=0.008),
    Recipe(epochs=4, rate=0.006, seed=3),
)


class Training:
    """One run of the recipe."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.work: Path = arguments.work
        self.work.mkdir(parents=True, exist_ok=True)
        self.arguments = arguments
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.corpus: Corpus = load_corpus(arguments.data, self.work)
        self.templates = Templates(self.corpus.lexicon)
        self.noise = Noise(self.corpus.lexicon, np.random.default_rng(3))
        self.tokenizer = self._tokenizer()
        self.pieces = Pieces.of(self.corpus.lexicon, self.tokenizer)

    def run(self) -> None:
        """Goes through all stages and writes the model."""
        english = [segment.english for segment in self.corpus.segments]
        embed_with_teacher(unique_english(english)[: self.arguments.teacher_segments], self.work / "teacher")
        teaching = Teaching.of(english, self.work / "teacher")
        student = self._new_student()
        self._stage(student, "distilled", partial(self._distil, student, teaching))
        self._stage(student, "round_1", partial(self._contrast, student, FIRST_ROUND, teaching))
        self._mine(student)
        for number, recipe in enumerate(MINED_ROUNDS, 2):
            self._stage(student, f"round_{number}", partial(self._contrast, student, recipe, teaching))
        self._stage(student, "averaged", partial(self._average, student))
        print("sha256", export(student.table(), self.tokenizer, self.arguments.out))

    def _tokenizer(self) -> Tokenizer:
        path = self.work / "tokenizer.json"
        if not path.exists():
            print("tokenizer: training", flush=True)
            train_tokenizer(self.corpus.word_counts(), self.arguments.vocabulary, path)
        return Tokenizer.from_file(str(path))

    def _new_student(self) -> Student:
        torch.manual_seed(self.arguments.seed)
        texts = self.corpus.encoded["portuguese"] + self.corpus.encoded["passage"]
        shares = self.pieces.frequencies(texts, self.tokenizer.get_vocab_size())
        return Student(shares, DIMENSION).to(self.device)

    def _stage(self, student: Student, name: str, train: Callable[[], None]) -> None:
        """Trains the student, or gives it the rows that an earlier run left."""
        path = self.work / f"{name}.npy"
        if path.exists():
            student.rows.data[:] = torch.from_numpy(np.load(path)).to(self.device)
            return
        train()
        np.save(path, student.rows.detach().cpu().numpy())
        print(f"{name}\n{show(measure(held_out_task(self.corpus, self.work), self._embedder(student)))}", flush=True)

    def _distil(self, student: Student, teaching: Teaching) -> None:
        distil(student, self.corpus, self.pieces, self.noise, teaching, epochs=self.arguments.distil_epochs)

    def _contrast(self, student: Student, recipe: Recipe, teaching: Teaching) -> None:
        views = PairViews(self.corpus, self.noise, self.templates)
        negatives = np.load(self.work / "negatives.npy") if recipe.negatives else None
        Contrast(student, self.corpus, self.pieces, views, recipe, teaching, negatives).run()

    def _average(self, student: Student) -> None:
        """Takes the mean of the last two rounds' rows: better alone than either (model soups: Wortsman et al. 2022)."""
        rounds = [np.load(self.work / f"round_{len(MINED_ROUNDS) + back}.npy") for back in (0, 1)]
        student.rows.data[:] = torch.from_numpy(np.mean(rounds, axis=0)).to(self.device)

    def _mine(self, student: Student) -> None:
        path = self.work / "negatives.npy"
        if not path.exists():
            np.save(path, mine_with_student(student, self.corpus, self.pieces))

    def _embedder(self, student: Student) -> Embed:
        def embed_texts(texts: Sequence[str]) -> NDArray[np.float32]:
            lexicon = Lexicon()
            encoded = lexicon.encode_all(texts)
            return embed(student, Pieces.of(lexicon, self.tokenizer), encoded)

        return embed_texts


def record(arguments: argparse.Namespace) -> None:
    """Prints the shipped model's measures on BEIR folders: for the record, never to choose a model by."""
    from index.embedding.static import StaticEmbedder

    embedder = StaticEmbedder(arguments.out)
    for folder in arguments.measure:
        print(show(measure(beir_task(folder, arguments.work), embedder.embed_passages)), flush=True)


def main() -> None:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("--out", type=Path, default=Path("index/embedding/models/coruja"))
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--vocabulary", type=int, default=50_000, help="pieces asked for (default 50000)")
    parser.add_argument("--teacher-segments", type=int, default=122_880, help="segments the teacher reads")
    parser.add_argument("--distil-epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measure", type=Path, nargs="+", metavar="DIR", help="only measure the model on BEIR folders")
    arguments = parser.parse_args()
    if arguments.measure:
        record(arguments)
        return
    print(f"{platform.machine()}, torch {torch.__version__}, cuda {torch.cuda.is_available()}", flush=True)
    Training(arguments).run()


if __name__ == "__main__":
    main()
