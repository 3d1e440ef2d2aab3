/**
 * Which field of which event is which property of a STIX cyber observable: the one
 * table behind patterns on logs, `bridge fields` and docs/fields.md. To teach
 * bridge a field, add a row.
 */

/**
 * How a field's value becomes the property's:
 * `text`, `number`, `boolean` as they are; `lower` in lower case; `time` as a STIX
 * timestamp; `address` an IP address; `host` an address or a domain (a port is cut
 * off); `domain` a domain; `mail` the mailboxes of a mail header; `hash` a hash whose
 * algorithm its length tells; `header` a list of one text.
 */
export type FieldKind =
  | "text"
  | "number"
  | "boolean"
  | "lower"
  | "time"
  | "address"
  | "host"
  | "domain"
  | "mail"
  | "hash"
  | "header";

/**
 * A field (dots step into objects, `[]` into each element of a list), the object
 * path where its value stands for patterns, and how it gets there.
 */
export type FieldRow = readonly [field: string, path: string, kind: FieldKind];

/** Rows for one sort of event. */
export interface FieldGroup {
  readonly source: "Suricata" | "Zeek";
  /** Section of EVE, or name of the Zeek log; `*` is every event. */
  readonly log: string;
  /** Zeek, where `_path` is missing: fields any of which tells the log. */
  readonly told?: readonly string[];
  readonly rows: readonly FieldRow[];
  /** Fields that make up a URL: host, path and port. */
  readonly url?: readonly [host: string, path: string, port: string];
}

const REQUEST = "network-traffic:extensions.'http-request-ext'";

/** Suricata's EVE JSON: sections stand in any event type, so alerts have them too. */
const SURICATA: readonly FieldGroup[] = [
  {
    source: "Suricata",
    log: "*",
    rows: [
      ["src_ip", "network-traffic:src_ref.value", "address"],
      ["dest_ip", "network-traffic:dst_ref.value", "address"],
      ["src_port", "network-traffic:src_port", "number"],
      ["dest_port", "network-traffic:dst_port", "number"],
      ["proto", "network-traffic:protocols[*]", "lower"],
      ["app_proto", "network-traffic:protocols[*]", "lower"],
      ["community_id", "network-traffic:x_community_id", "text"],
      ["vlan[]", "network-traffic:x_vlan[*]", "number"],
      ["ether.src_mac", "mac-addr:value", "lower"],
      ["ether.dest_mac", "mac-addr:value", "lower"],
    ],
  },
  {
    source: "Suricata",
    log: "flow",
    rows: [
      ["flow.start", "network-traffic:start", "time"],
      ["flow.end", "network-traffic:end", "time"],
      ["flow.bytes_toserver", "network-traffic:src_byte_count", "number"],
      ["flow.bytes_toclient", "network-traffic:dst_byte_count", "number"],
      ["flow.pkts_toserver", "network-traffic:src_packets", "number"],
      ["flow.pkts_toclient", "network-traffic:dst_packets", "number"],
    ],
  },
  {
    source: "Suricata",
    log: "netflow",
    rows: [
      ["netflow.start", "network-traffic:start", "time"],
      ["netflow.end", "network-traffic:end", "time"],
      ["netflow.bytes", "network-traffic:src_byte_count", "number"],
      ["netflow.pkts", "network-traffic:src_packets", "number"],
    ],
  },
  {
    source: "Suricata",
    log: "http",
    url: ["http.hostname", "http.url", "http.http_port"],
    rows: [
      ["http.hostname", "domain-name:value", "host"],
      ["http.hostname", "network-traffic:dst_ref.value", "domain"],
      ["http.hostname", `${REQUEST}.request_header.Host[*]`, "header"],
      ["http.url", `${REQUEST}.request_value`, "text"],
      ["http.http_method", `${REQUEST}.request_method`, "lower"],
      ["http.protocol", `${REQUEST}.request_version`, "lower"],
      ["http.http_user_agent", `${REQUEST}.request_header.'User-Agent'[*]`, "header"],
      ["http.http_refer", `${REQUEST}.request_header.Referer[*]`, "header"],
      ["http.http_refer", "url:value", "text"],
      ["http.http_content_type", `${REQUEST}.x_response_content_type`, "text"],
      ["http.status", `${REQUEST}.x_response_status`, "number"],
      ["http.length", `${REQUEST}.x_response_length`, "number"],
      ["http.redirect", "url:value", "text"],
      ["http.xff", "network-traffic:x_forwarded_for_ref.value", "address"],
    ],
  },
  {
    source: "Suricata",
    log: "dns",
    rows: [
      ["dns.rrname", "domain-name:value", "domain"],
      ["dns.queries[].rrname", "domain-name:value", "domain"],
      ["dns.query[].rrname", "domain-name:value", "domain"],
      ["dns.answers[].rrname", "domain-name:value", "domain"],
      ["dns.rdata", "domain-name:resolves_to_refs[*].value", "host"],
      ["dns.answers[].rdata", "domain-name:resolves_to_refs[*].value", "host"],
      ["dns.grouped.A[]", "domain-name:resolves_to_refs[*].value", "host"],
      ["dns.grouped.AAAA[]", "domain-name:resolves_to_refs[*].value", "host"],
      ["dns.grouped.CNAME[]", "domain-name:resolves_to_refs[*].value", "host"],
      ["dns.rrtype", "network-traffic:x_dns_type", "text"],
      ["dns.rcode", "network-traffic:x_dns_response_code", "text"],
    ],
  },
  {
    source: "Suricata",
    log: "tls",
    rows: [
      ["tls.sni", "domain-name:value", "host"],
      ["tls.sni", "network-traffic:dst_ref.value", "domain"],
      ["tls.sni", "network-traffic:x_tls_server_name", "text"],
      ["tls.version", "network-traffic:x_tls_version", "text"],
      ["tls.ja3.hash", "network-traffic:x_ja3_hash", "lower"],
      ["tls.ja3.string", "network-traffic:x_ja3_string", "text"],
      ["tls.ja3s.hash", "network-traffic:x_ja3s_hash", "lower"],
      ["tls.ja3s.string", "network-traffic:x_ja3s_string", "text"],
      ["tls.ja4", "network-traffic:x_ja4", "text"],
      ["tls.subject", "x509-certificate:subject", "text"],
      ["tls.issuerdn", "x509-certificate:issuer", "text"],
      ["tls.serial", "x509-certificate:serial_number", "lower"],
      ["tls.fingerprint", "x509-certificate:hashes", "hash"],
      ["tls.notbefore", "x509-certificate:validity_not_before", "time"],
      ["tls.notafter", "x509-certificate:validity_not_after", "time"],
      ["tls.subjectaltname[]", "domain-name:value", "domain"],
      ["quic.sni", "domain-name:value", "host"],
      ["quic.sni", "network-traffic:dst_ref.value", "domain"],
      ["quic.ja3.hash", "network-traffic:x_ja3_hash", "lower"],
      ["quic.ja3s.hash", "network-traffic:x_ja3s_hash", "lower"],
      ["quic.ja4", "network-traffic:x_ja4", "text"],
    ],
  },
  {
    source: "Suricata",
    log: "fileinfo",
    rows: ["fileinfo", "files[]"].flatMap((section): FieldRow[] => [
      [`${section}.filename`, "file:name", "text"],
      [`${section}.size`, "file:size", "number"],
      [`${section}.md5`, "file:hashes", "hash"],
      [`${section}.sha1`, "file:hashes", "hash"],
      [`${section}.sha256`, "file:hashes", "hash"],
      [`${section}.magic`, "file:x_magic", "text"],
      [`${section}.mimetype`, "file:mime_type", "lower"],
    ]),
  },
  {
    source: "Suricata",
    log: "smtp",
    rows: [
      ["smtp.mail_from", "email-message:sender_ref.value", "mail"],
      ["smtp.rcpt_to[]", "email-message:to_refs[*].value", "mail"],
      ["smtp.helo", "domain-name:value", "host"],
      ["email.from", "email-message:from_ref.value", "mail"],
      ["email.to[]", "email-message:to_refs[*].value", "mail"],
      ["email.cc[]", "email-message:cc_refs[*].value", "mail"],
      ["email.subject", "email-message:subject", "text"],
      ["email.message_id", "email-message:message_id", "text"],
      ["email.x_mailer", "software:name", "text"],
      ["email.date", "email-message:x_date", "text"],
      ["email.body_md5", "email-message:x_body_md5", "lower"],
      ["email.subject_md5", "email-message:x_subject_md5", "lower"],
      ["email.attachment[]", "file:name", "text"],
      ["email.url[]", "url:value", "text"],
    ],
  },
  {
    source: "Suricata",
    log: "ssh",
    rows: [
      ["ssh.client.software_version", "software:name", "text"],
      ["ssh.server.software_version", "software:name", "text"],
      ["ssh.client.hassh.hash", "network-traffic:x_hassh", "lower"],
      ["ssh.server.hassh.hash", "network-traffic:x_hassh_server", "lower"],
    ],
  },
  {
    source: "Suricata",
    log: "other",
    rows: [
      ["ftp.command_data", "network-traffic:x_ftp_argument", "text"],
      ["ftp_data.filename", "file:name", "text"],
      ["smb.filename", "file:name", "text"],
      ["smb.share", "directory:path", "text"],
      ["smb.ntlmssp.user", "user-account:account_login", "text"],
      ["smb.ntlmssp.user", "user-account:user_id", "text"],
      ["smb.ntlmssp.domain", "user-account:x_domain", "text"],
      ["smb.ntlmssp.host", "user-account:x_workstation", "text"],
      ["krb5.cname", "user-account:account_login", "text"],
      ["krb5.cname", "user-account:user_id", "text"],
      ["krb5.realm", "user-account:x_domain", "text"],
      ["krb5.sname", "network-traffic:x_krb_service", "text"],
      ["rdp.cookie", "user-account:account_login", "text"],
      ["rdp.client.client_name", "user-account:x_workstation", "text"],
      ["sip.uri", "network-traffic:x_sip_uri", "text"],
      ["dhcp.client_mac", "mac-addr:value", "lower"],
      ["dhcp.assigned_ip", "ipv4-addr:value", "address"],
      ["dhcp.hostname", "domain-name:value", "domain"],
      ["tftp.file", "file:name", "text"],
      ["tunnel.src_ip", "network-traffic:x_tunnel_src_ref.value", "address"],
      ["tunnel.dest_ip", "network-traffic:x_tunnel_dst_ref.value", "address"],
      ["tunnel.proto", "network-traffic:protocols[*]", "lower"],
      ["alert.signature", "network-traffic:x_alert_signature", "text"],
      ["alert.signature_id", "network-traffic:x_alert_signature_id", "number"],
      ["alert.category", "network-traffic:x_alert_category", "text"],
      ["alert.severity", "network-traffic:x_alert_severity", "number"],
      ["mqtt.publish.topic", "network-traffic:x_mqtt_topic", "text"],
    ],
  },
];

const zeek = (
  log: string,
  told: readonly string[],
  rows: readonly FieldRow[],
  url?: FieldGroup["url"],
): FieldGroup => ({ source: "Zeek", log, told, rows, ...(url && { url }) });

const ZEEK: readonly FieldGroup[] = [
  zeek("*", [], [
    ["id.orig_h", "network-traffic:src_ref.value", "address"],
    ["id.resp_h", "network-traffic:dst_ref.value", "address"],
    ["id.orig_p", "network-traffic:src_port", "number"],
    ["id.resp_p", "network-traffic:dst_port", "number"],
    ["proto", "network-traffic:protocols[*]", "lower"],
    ["community_id", "network-traffic:x_community_id", "text"],
  ]),
  zeek("conn", ["conn_state", "orig_ip_bytes"], [
    ["ts", "network-traffic:start", "time"],
    ["service", "network-traffic:protocols[*]", "lower"],
    ["orig_bytes", "network-traffic:src_byte_count", "number"],
    ["resp_bytes", "network-traffic:dst_byte_count", "number"],
    ["orig_pkts", "network-traffic:src_packets", "number"],
    ["resp_pkts", "network-traffic:dst_packets", "number"],
    ["duration", "network-traffic:x_duration", "number"],
    ["conn_state", "network-traffic:x_conn_state", "text"],
    ["orig_l2_addr", "mac-addr:value", "lower"],
    ["resp_l2_addr", "mac-addr:value", "lower"],
  ]),
  zeek("dns", ["qtype_name", "rcode_name", "trans_id"], [
    ["query", "domain-name:value", "domain"],
    ["answers[]", "domain-name:resolves_to_refs[*].value", "host"],
    ["qtype_name", "network-traffic:x_dns_type", "text"],
    ["rcode_name", "network-traffic:x_dns_response_code", "text"],
  ]),
  zeek("http", ["trans_depth", "user_agent"], [
    ["host", "domain-name:value", "host"],
    ["host", "network-traffic:dst_ref.value", "domain"],
    ["host", `${REQUEST}.request_header.Host[*]`, "header"],
    ["uri", `${REQUEST}.request_value`, "text"],
    ["method", `${REQUEST}.request_method`, "lower"],
    ["version", `${REQUEST}.request_version`, "text"],
    ["user_agent", `${REQUEST}.request_header.'User-Agent'[*]`, "header"],
    ["referrer", `${REQUEST}.request_header.Referer[*]`, "header"],
    ["referrer", "url:value", "text"],
    ["status_code", `${REQUEST}.x_response_status`, "number"],
    ["request_body_len", `${REQUEST}.message_body_length`, "number"],
    ["response_body_len", `${REQUEST}.x_response_length`, "number"],
    ["username", "user-account:account_login", "text"],
    ["username", "user-account:user_id", "text"],
    ["orig_filenames[]", "file:name", "text"],
    ["resp_filenames[]", "file:name", "text"],
    ["orig_mime_types[]", "file:mime_type", "lower"],
    ["resp_mime_types[]", "file:mime_type", "lower"],
  ], ["host", "uri", "id.resp_p"]),
  zeek("ssl", ["cipher", "server_name", "ssl_history", "cert_chain_fps", "ja3"], [
    ["server_name", "domain-name:value", "host"],
    ["server_name", "network-traffic:dst_ref.value", "domain"],
    ["server_name", "network-traffic:x_tls_server_name", "text"],
    ["version", "network-traffic:x_tls_version", "text"],
    ["cipher", "network-traffic:x_tls_cipher", "text"],
    ["next_protocol", "network-traffic:protocols[*]", "lower"],
    ["ja3", "network-traffic:x_ja3_hash", "lower"],
    ["ja3s", "network-traffic:x_ja3s_hash", "lower"],
    ["ja4", "network-traffic:x_ja4", "text"],
    ["ja4s", "network-traffic:x_ja4s", "text"],
    ["subject", "x509-certificate:subject", "text"],
    ["issuer", "x509-certificate:issuer", "text"],
    ["cert_chain_fps[]", "x509-certificate:hashes", "hash"],
    ["validation_status", "network-traffic:x_tls_validation", "text"],
  ]),
  zeek("x509", ["certificate.subject", "certificate.serial"], [
    ["certificate.subject", "x509-certificate:subject", "text"],
    ["certificate.issuer", "x509-certificate:issuer", "text"],
    ["certificate.serial", "x509-certificate:serial_number", "lower"],
    ["certificate.version", "x509-certificate:version", "text"],
    ["certificate.sig_alg", "x509-certificate:signature_algorithm", "text"],
    ["certificate.key_alg", "x509-certificate:subject_public_key_algorithm", "text"],
    ["certificate.not_valid_before", "x509-certificate:validity_not_before", "time"],
    ["certificate.not_valid_after", "x509-certificate:validity_not_after", "time"],
    ["fingerprint", "x509-certificate:hashes", "hash"],
    ["san.dns[]", "domain-name:value", "domain"],
    ["san.email[]", "email-addr:value", "mail"],
    ["san.ip[]", "ipv4-addr:value", "address"],
    ["san.uri[]", "url:value", "text"],
  ]),
  zeek("files", ["fuid", "seen_bytes"], [
    ["filename", "file:name", "text"],
    ["total_bytes", "file:size", "number"],
    ["seen_bytes", "file:x_seen_bytes", "number"],
    ["mime_type", "file:mime_type", "lower"],
    ["md5", "file:hashes", "hash"],
    ["sha1", "file:hashes", "hash"],
    ["sha256", "file:hashes", "hash"],
    ["tx_hosts[]", "network-traffic:src_ref.value", "address"],
    ["rx_hosts[]", "network-traffic:dst_ref.value", "address"],
    ["source", "network-traffic:protocols[*]", "lower"],
  ]),
  zeek("pe", ["is_exe", "machine", "section_names"], [
    ["id", "file:x_fuid", "text"],
    ["compile_ts", "file:x_pe_compiled", "time"],
    ["subsystem", "file:x_pe_subsystem", "text"],
  ]),
  zeek("smtp", ["mailfrom", "rcptto", "helo"], [
    ["helo", "domain-name:value", "host"],
    ["mailfrom", "email-message:sender_ref.value", "mail"],
    ["rcptto[]", "email-message:to_refs[*].value", "mail"],
    ["from", "email-message:from_ref.value", "mail"],
    ["to[]", "email-message:to_refs[*].value", "mail"],
    ["cc[]", "email-message:cc_refs[*].value", "mail"],
    ["reply_to", "email-addr:value", "mail"],
    ["subject", "email-message:subject", "text"],
    ["msg_id", "email-message:message_id", "text"],
    ["date", "email-message:x_date", "text"],
    ["x_originating_ip", "network-traffic:x_forwarded_for_ref.value", "address"],
    ["user_agent", "software:name", "text"],
  ]),
  zeek("ftp", ["cwd", "data_channel.passive", "reply_code"], [
    ["user", "user-account:account_login", "text"],
    ["user", "user-account:user_id", "text"],
    ["arg", "network-traffic:x_ftp_argument", "text"],
    ["arg", "url:value", "text"],
    ["mime_type", "file:mime_type", "lower"],
    ["file_size", "file:size", "number"],
    ["data_channel.resp_h", "ipv4-addr:value", "address"],
  ]),
  zeek("ssh", ["auth_success", "kex_alg", "hassh"], [
    ["client", "software:name", "text"],
    ["server", "software:name", "text"],
    ["hassh", "network-traffic:x_hassh", "lower"],
    ["hasshServer", "network-traffic:x_hassh_server", "lower"],
  ]),
  zeek("rdp", ["cookie", "security_protocol", "client_build"], [
    ["cookie", "user-account:account_login", "text"],
    ["cookie", "user-account:user_id", "text"],
    ["client_name", "user-account:x_workstation", "text"],
    ["client_build", "software:version", "text"],
  ]),
  zeek("smb_files", ["times.modified", "prev_name", "action"], [
    ["name", "file:name", "text"],
    ["prev_name", "file:x_previous_name", "text"],
    ["size", "file:size", "number"],
    ["path", "directory:path", "text"],
    ["times.modified", "file:mtime", "time"],
    ["times.created", "file:ctime", "time"],
    ["times.accessed", "file:atime", "time"],
  ]),
  zeek("smb_mapping", ["share_type", "native_file_system"], [
    ["path", "directory:path", "text"],
  ]),
  zeek("kerberos", ["request_type", "error_msg", "till"], [
    ["client", "user-account:account_login", "text"],
    ["client", "user-account:user_id", "text"],
    ["service", "network-traffic:x_krb_service", "text"],
    ["client_cert_subject", "x509-certificate:subject", "text"],
  ]),
  zeek("ntlm", ["domainname", "server_nb_computer_name"], [
    ["username", "user-account:account_login", "text"],
    ["username", "user-account:user_id", "text"],
    ["domainname", "user-account:x_domain", "text"],
    ["hostname", "user-account:x_workstation", "text"],
  ]),
  zeek("sip", ["call_id", "request_from"], [
    ["method", "network-traffic:x_sip_method", "lower"],
    ["uri", "network-traffic:x_sip_uri", "text"],
    ["request_from", "network-traffic:x_sip_from", "text"],
    ["request_to", "network-traffic:x_sip_to", "text"],
    ["user_agent", "software:name", "text"],
  ]),
  zeek("software", ["software_type", "unparsed_version"], [
    ["name", "software:name", "text"],
    ["unparsed_version", "software:version", "text"],
    ["host", "ipv4-addr:value", "address"],
    ["url", "url:value", "text"],
  ]),
  zeek("dhcp", ["msg_types", "assigned_addr"], [
    ["client_addr", "network-traffic:src_ref.value", "address"],
    ["server_addr", "network-traffic:dst_ref.value", "address"],
    ["assigned_addr", "ipv4-addr:value", "address"],
    ["requested_addr", "ipv4-addr:value", "address"],
    ["mac", "mac-addr:value", "lower"],
    ["host_name", "domain-name:value", "domain"],
    ["client_fqdn", "domain-name:value", "domain"],
    ["domain", "domain-name:value", "domain"],
  ]),
  zeek("notice", ["note", "suppress_for"], [
    ["src", "network-traffic:src_ref.value", "address"],
    ["dst", "network-traffic:dst_ref.value", "address"],
    ["p", "network-traffic:dst_port", "number"],
    ["note", "network-traffic:x_alert_category", "text"],
    ["msg", "network-traffic:x_alert_signature", "text"],
    ["file_mime_type", "file:mime_type", "lower"],
  ]),
  zeek("intel", ["seen.indicator"], [
    ["file_mime_type", "file:mime_type", "lower"],
    ["seen.host", "ipv4-addr:value", "address"],
  ]),
  zeek("tunnel", ["tunnel_type"], [
    ["tunnel_type", "network-traffic:protocols[*]", "lower"],
  ]),
  zeek("socks", ["request.host", "request.name", "bound.host"], [
    ["request.host", "network-traffic:x_tunnel_dst_ref.value", "address"],
    ["request.name", "domain-name:value", "host"],
    ["request_p", "network-traffic:x_tunnel_dst_port", "number"],
    ["user", "user-account:account_login", "text"],
    ["user", "user-account:user_id", "text"],
  ]),
  zeek("irc", ["nick", "dcc_file_name"], [
    ["nick", "user-account:display_name", "text"],
    ["user", "user-account:account_login", "text"],
    ["user", "user-account:user_id", "text"],
    ["dcc_file_name", "file:name", "text"],
    ["dcc_file_size", "file:size", "number"],
  ]),
  zeek("radius", ["framed_addr", "tunnel_client", "connect_info"], [
    ["username", "user-account:account_login", "text"],
    ["username", "user-account:user_id", "text"],
    ["mac", "mac-addr:value", "lower"],
    ["framed_addr", "ipv4-addr:value", "address"],
  ]),
  zeek("known_hosts", [], [["host", "ipv4-addr:value", "address"]]),
  zeek("known_services", ["port_num", "port_proto"], [
    ["host", "network-traffic:dst_ref.value", "address"],
    ["port_num", "network-traffic:dst_port", "number"],
    ["port_proto", "network-traffic:protocols[*]", "lower"],
    ["service[]", "network-traffic:protocols[*]", "lower"],
  ]),
  zeek("known_certs", ["issuer_subject"], [
    ["host", "network-traffic:dst_ref.value", "address"],
    ["port_num", "network-traffic:dst_port", "number"],
    ["subject", "x509-certificate:subject", "text"],
    ["issuer_subject", "x509-certificate:issuer", "text"],
    ["serial", "x509-certificate:serial_number", "lower"],
  ]),
  zeek("weird", ["addl", "peer"], [
    ["name", "network-traffic:x_weird", "text"],
  ]),
];

/** All of it. */
export const FIELDS: readonly FieldGroup[] = [...SURICATA, ...ZEEK];
