/** True and predicted label of one row. */
export interface Labelled {
  readonly truth: string;
  readonly predicted: string;
}

/** Precision, recall and F1 of one label; a ratio without a denominator is 0, as in scikit-learn with zero_division=0. */
export interface LabelScore {
  readonly label: string;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Rows with this true label. */
  readonly support: number;
}

export interface ClassificationScore {
  readonly accuracy: number;
  /** Mean F1 of all labels that are true or predicted somewhere, each weighing the same. */
  readonly macroF1: number;
  /** In the order of the labels' names. */
  readonly labels: readonly LabelScore[];
}

/** Accuracy and macro F1 (scikit-learn's accuracy_score and f1_score with average="macro"). At least one row. */
export function classification(rows: readonly Labelled[]): ClassificationScore {
  const names = [...new Set(rows.flatMap(({ truth, predicted }) => [truth, predicted]))].sort();
  const labels = names.map((label): LabelScore => {
    const support = rows.filter(({ truth }) => truth === label).length;
    const predicted = rows.filter((row) => row.predicted === label).length;
    const hits = rows.filter((row) => row.truth === label && row.predicted === label).length;
    return {
      label,
      support,
      precision: predicted === 0 ? 0 : hits / predicted,
      recall: support === 0 ? 0 : hits / support,
      f1: (2 * hits) / (support + predicted),
    };
  });
  return {
    accuracy: rows.filter(({ truth, predicted }) => truth === predicted).length / rows.length,
    macroF1: labels.reduce((total, { f1 }) => total + f1, 0) / labels.length,
    labels,
  };
}
