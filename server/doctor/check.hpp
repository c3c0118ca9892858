#pragma once
// Check: what the doctor looked at, what it found and what to do about it. Values; any thread.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "server/store/upkeep/doctor_statements.hpp"

namespace noetl::doctor {

enum class Verdict { ok, warning, broken, unchecked };

[[nodiscard]] constexpr std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok: return "ok";
    case Verdict::warning: return "warning";
    case Verdict::broken: return "broken";
    case Verdict::unchecked: return "unchecked";
  }
  return "";
}

struct Check {
  std::string name;
  std::string rule;  // R2 … R8; empty for the stack
  Verdict verdict = Verdict::ok;
  std::string summary;  // one line
  std::string cure;  // for what was found
  std::int64_t total = 0;  // findings; `findings` has the first of them
  std::vector<store::Finding> findings;
};

[[nodiscard]] Check named(std::string name);
// Notes what was found and what to do about it; the worst verdict stays.
void find(Check& check, Verdict verdict, const store::Finding& finding, const std::string& cure);

[[nodiscard]] nlohmann::json to_json(const Check& check);

}  // namespace noetl::doctor
