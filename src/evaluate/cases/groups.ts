import { didYouMean } from "../../suggest.ts";
import type { Case } from "./case.ts";
import { isChat } from "./kinds/chat.ts";

/** Paraphrase groups that a case's checks name. */
const groupsOf = (item: Case): string[] =>
  isChat(item)
    ? item.body.checks.flatMap((check) => (check.kind === "consistent_with" ? [check.value] : []))
    : [];

function members(cases: readonly Case[]): Map<string, Case[]> {
  const groups = new Map<string, Case[]>();
  for (const item of cases) {
    for (const group of new Set(groupsOf(item))) groups.set(group, [...(groups.get(group) ?? []), item]);
  }
  return groups;
}

/** Mistakes in paraphrase groups: a group needs at least two cases, and all of them must be in one cluster, as they are not independent. */
export function groupMistakes(cases: readonly Case[]): string[] {
  const groups = members(cases);
  return [...groups].flatMap(([group, items]) => {
    const first = items[0]!;
    if (items.length === 1) {
      const others = [...groups.keys()].filter((name) => name !== group);
      return [`${first.where}: consistent_with ${group}: no other case has it${didYouMean(group, others)}`];
    }
    return items
      .filter(({ cluster }) => cluster !== first.cluster)
      .map(
        ({ where, cluster }) =>
          `${where}: cluster ${cluster}: the cases of group ${group} are one cluster, ${first.cluster}`,
      );
  });
}

/** One model's answers by paraphrase group: group -> case id -> text. */
export function answersByGroup(
  cases: readonly Case[],
  textOf: (id: string) => string,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  return new Map(
    [...members(cases)].map(([group, items]) => [group, new Map(items.map(({ id }) => [id, textOf(id)]))]),
  );
}
