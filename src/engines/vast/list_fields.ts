import { spellingsOf, type Unit } from "./units.ts";
import { mailboxesOf, quote } from "./predicates.ts";

/**
 * Fields that hold lists (or mailboxes inside longer texts). Neither concepts nor
 * `in [ … ]` look inside them, so each value takes a predicate of its own, or all
 * events of the layout are read and searched here.
 */
export interface ListLayout {
  readonly layout: string;
  /** The predicates that find one value in the lists of the layout; none if it can't be there. */
  predicates(unit: Unit): string[];
}

const isAddress = ({ kind }: Unit) => kind === "ipv4" || kind === "ipv6";
const inLists = (literals: readonly string[], fields: readonly string[]) =>
  literals.flatMap((literal) => fields.map((field) => `${literal} in ${field}`));

function names(unit: Unit): string[] {
  return spellingsOf(unit).map(quote);
}

/** A mailbox inside longer texts, and alone in lists. */
function mailboxes(unit: Unit, texts: readonly string[], lists: readonly string[]): string[] {
  return [...inLists(names(unit), texts), ...inLists(mailboxesOf(unit).map(quote), lists)];
}

/** The layouts of VAST's own schemas that have such fields. */
export const LIST_LAYOUTS: readonly ListLayout[] = [
  {
    layout: "zeek.dns",
    predicates: (unit) =>
      unit.kind === "domain" || isAddress(unit) ? inLists(names(unit), ["zeek.dns.answers"]) : [],
  },
  {
    layout: "zeek.files",
    predicates: (unit) =>
      isAddress(unit) ? inLists([unit.value], ["zeek.files.tx_hosts", "zeek.files.rx_hosts"]) : [],
  },
  {
    layout: "zeek.smtp",
    predicates: (unit) => {
      if (isAddress(unit)) return inLists([unit.value], ["zeek.smtp.path"]);
      if (unit.kind !== "email") return [];
      const texts = ["mailfrom", "from", "reply_to"].map((name) => `zeek.smtp.${name}`);
      return mailboxes(unit, texts, ["rcptto", "to", "cc"].map((name) => `zeek.smtp.${name}`));
    },
  },
  {
    layout: "zeek.x509",
    predicates: (unit) => {
      if (isAddress(unit)) return inLists([unit.value], ["zeek.x509.san.ip"]);
      const field = { domain: "dns", url: "uri", email: "email" }[unit.kind as string];
      return field === undefined ? [] : inLists(names(unit), [`zeek.x509.san.${field}`]);
    },
  },
  {
    layout: "suricata.dns",
    predicates: (unit) =>
      isAddress(unit) ? inLists([unit.value], ["suricata.dns.dns.grouped.A"]) : [],
  },
  {
    layout: "suricata.smtp",
    predicates: (unit) => {
      if (unit.kind === "url") return inLists(names(unit), ["suricata.smtp.email.url"]);
      if (unit.kind !== "email") return [];
      return mailboxes(
        unit,
        ["suricata.smtp.smtp.mail_from", "suricata.smtp.email.from"],
        ["suricata.smtp.smtp.rcpt_to", "suricata.smtp.email.to"],
      );
    },
  },
];
