"""Rankings, texts and outcomes in, numbers out. A change here moves figures, never answers.

`texts` compares texts, `ranking` scores ranked runs, `statistics` says how sure a figure is and how well calibrated.
"""
