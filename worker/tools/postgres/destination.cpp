#include "worker/tools/postgres/destination.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <vector>

#include "shared/reach/reach.hpp"

namespace noetl::tools::postgres {

namespace {

using base::ErrorCode;
using Keywords = std::map<std::string, std::string>;

// The url's parts, and the keywords over them.
Keywords all_keywords(const Target& target) {
  Keywords all;
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(
      PQconninfoParse(target.url.c_str(), &complaint), &PQconninfoFree);
  PQfreemem(complaint);
  for (const PQconninfoOption* option = parsed.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val != nullptr && *option->val != '\0') all[option->keyword] = option->val;
  }
  for (const auto& [name, value] : target.keywords) all[name] = value;
  return all;
}

std::vector<std::string> entries_of(const std::string& list) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    all.push_back(list.substr(at, comma - at));
    at = comma + 1;
  }
  return all;
}

int port_of(const std::string& text) {
  int port = 5432;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port;
}

// One place that libpq would try; its list is made of these.
struct Places {
  std::string hosts, addresses, ports;
  void add(const std::string& host, const std::string& address, int port) {
    const char* const comma = ports.empty() ? "" : ",";
    hosts += comma + host;
    addresses += comma + address;
    ports += comma + std::to_string(port);
  }
};

base::Result<void> add_place(Places& places, const std::string& host, const std::string& address, int port,
                             const reach::Egress& egress) {
  const std::string& named = address.empty() ? host : address;
  // A folder or "@name" is a socket of this machine; nothing is libpq's default, which is one, too.
  if (named.empty() || named.starts_with('/') || named.starts_with('@')) {
    if (auto why = egress.refusal("a socket of this machine", *reach::parse_address("127.0.0.1"), port))
      return base::failure(ErrorCode::invalid_input, "tool postgres may not connect: " + *why, "host");
    places.add(named, "", port);
    return {};
  }
  const auto found = egress.resolve(named, port);
  if (!found) {
    const bool is_refused = found.error().code == ErrorCode::forbidden;
    return base::failure(is_refused ? ErrorCode::invalid_input : found.error().code,
                         "tool postgres may not connect: " + found.error().message, "host");
  }
  for (const reach::Address& one : *found) places.add(host.empty() ? named : host, one.text(), port);
  return {};
}

base::Result<Places> places_of(const Keywords& all, const reach::Egress& egress) {
  const auto value = [&](const char* name) {
    const auto found = all.find(name);
    return found == all.end() ? std::string() : found->second;
  };
  const auto hosts = entries_of(value("host"));
  const auto addresses = entries_of(value("hostaddr"));
  const auto ports = entries_of(value("port"));
  const std::size_t count = std::max(hosts.size(), addresses.size());
  const auto fits = [&](const std::vector<std::string>& list) { return list.size() == 1 || list.size() == count; };
  if (!fits(hosts) || !fits(addresses) || !fits(ports))
    return base::failure(ErrorCode::invalid_input, "tool postgres was told lists of hosts and ports of unequal length",
                         "host");
  const auto at = [](const std::vector<std::string>& list, std::size_t i) {
    return list.size() == 1 ? list[0] : list[i];
  };
  Places places;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string address = addresses.size() == 1 && count > 1 ? std::string() : at(addresses, i);
    if (auto added = add_place(places, at(hosts, i), address, port_of(at(ports, i)), egress); !added)
      return tl::unexpected(added.error());
  }
  return places;
}

}  // namespace

base::Result<Target> destination_of(const Target& target, const reach::Reach& reach) {
  if (target.is_workers_default) return target;
  const Keywords all = all_keywords(target);
  for (const char* name : {"service", "servicefile", "passfile"}) {
    if (all.contains(name))
      return base::failure(
          ErrorCode::invalid_input,
          std::string("tool postgres takes no '") + name + "': it would be read from the worker's own files", name);
  }
  Target safe = target;
  for (const char* name : {"sslrootcert", "sslcert", "sslkey", "sslcrl", "sslcrldir"}) {
    const auto found = all.find(name);
    if (found == all.end() || found->second == "system") continue;
    auto file = reach.files.resolve(found->second, name);
    if (!file) return tl::unexpected(file.error());
    safe.keywords[name] = *std::move(file);
  }
  auto places = places_of(all, reach.egress);
  if (!places) return tl::unexpected(places.error());
  safe.keywords["host"] = places->hosts;
  safe.keywords["port"] = places->ports;
  if (places->addresses.find_first_not_of(',') != std::string::npos) safe.keywords["hostaddr"] = places->addresses;
  return safe;
}

}  // namespace noetl::tools::postgres
