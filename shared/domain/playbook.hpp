#pragma once
// Playbook: the document that names steps, tools and what follows what, in one model for both
// generations of the language (v2era: case/when/then; v10: next.spec/arcs). Made by shared/language,
// read by shared/engine. Templates are kept as the text that the author wrote. Immutable values.
#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/ids.hpp"

namespace noetl::domain {

using Json = nlohmann::json;

struct SourceMark {
  int line = 0;  // 1-based
  int column = 0;  // 1-based
};

// One way to a next step. v2era: {step, args}; v10: {step, when, set}.
struct Arc {
  std::string step;
  std::string when;  // template; empty: always
  Json args = Json::object();  // templates; override the target's args (v2era then.next only)
  Json set = Json::object();  // templates, keys scoped "ctx.x", "iter.x", "step.x" or bare
  SourceMark mark;
};

enum class NextMode { exclusive, inclusive };  // first arc that holds wins | every arc that holds

// One entry of a `then`. kind: next, set, result, collect, retry, sink, call, fail, skip, log.
// `next` and `call` have arcs; `set` is a map in `spec` however it was written; the others keep their
// value as written in `spec`.
struct Action {
  std::string kind;
  std::vector<Arc> arcs;
  Json spec;
  SourceMark mark;
};

// `then` of one rule is a list of maps; the loader flattens it. Within one map the actions act in this
// order, however they were written: collect, set, result, sink, log, call, retry, next, skip, fail.
struct CaseRule {
  std::string when;  // template; empty: always
  std::vector<Action> then;
  SourceMark mark;
};

// One tool of a step, or one task of a pipeline.
struct ToolSpec {
  std::string kind;
  std::string label;  // task name in a pipeline; empty in a plain step
  // Every option but kind, args, input, set and spec, wherever it was written (beside `kind`, under
  // `spec`, or beside a plain `tool: kind`); templates inside. A pipeline task's name is its label and
  // not in here; any other tool's `name` is. A workbook tool always has `name`, the entry that it runs.
  Json options = Json::object();
  Json input = Json::object();  // args/input given inside the tool; templates
  Json spec = Json::object();  // spec.policy.rules, timeout, …
  Json set = Json::object();  // pipeline task `set`
  SourceMark mark;
};

struct Loop {
  Json in;  // a template text, or a literal list
  std::string iterator;  // variable name, default "item"
  std::string mode;  // sequential | parallel | async | cursor
  Json spec = Json::object();  // max_in_flight, frame, policy, cursor, as written
  SourceMark mark;
};

struct Step {
  std::string name;
  std::string desc;
  std::vector<ToolSpec> tools;  // empty: no tool (a pure router); one: plain; more: pipeline
  bool is_pipeline = false;  // `tool` was a list, even of one task
  Json args = Json::object();  // args or input at step level; templates
  std::optional<Loop> loop;
  std::vector<CaseRule> cases;  // v2era
  NextMode next_mode = NextMode::exclusive;  // v10; v2era plain `next` is inclusive: all of the list
  std::vector<Arc> next;  // both generations
  bool has_next_arcs = false;  // `next` was a map with arcs (v10 semantics: step.skipped, joins)
  Json set = Json::object();  // v10 step-level set
  Json vars = Json::object();  // v2era vars
  std::string when;  // v10 implementation's admit condition
  Json spec = Json::object();  // policy, timeout, on_error, …
  Json output = Json::object();  // output.store, output_select
  SourceMark mark;
};

struct WorkbookEntry {
  std::string name;
  ToolSpec tool;
  Json sink;
};

// What a reader of playbooks has worked out of one.
struct Derived {
  virtual ~Derived() = default;
};

// Keeps it, for one reader. A copy of a playbook is worked out anew: what is kept may point into the first. Any thread.
class DerivedSlot {
 public:
  DerivedSlot() = default;
  DerivedSlot(const DerivedSlot& /*other*/) {}  // NOLINT(bugprone-copy-constructor-init)
  DerivedSlot& operator=(const DerivedSlot& other) {
    if (this != &other) delete held_.exchange(nullptr);
    return *this;
  }
  ~DerivedSlot() { delete held_.load(); }

  // `make` gives a unique pointer. When two threads make it at once, the first is kept.
  template <class Kept, class Make>
  [[nodiscard]] const Kept& get(const Make& make) const {
    const Derived* held = held_.load(std::memory_order_acquire);
    if (held == nullptr) {
      auto made = make();
      if (held_.compare_exchange_strong(held, made.get())) held = made.release();
    }
    return static_cast<const Kept&>(*held);
  }

 private:
  mutable std::atomic<const Derived*> held_ = nullptr;
};

struct Playbook {
  base::CatalogId catalog_id;  // set by the catalog, not by the loader
  int catalog_version = 0;  // likewise
  std::string api_version, name, path, description;
  std::string generation;  // "v2era", "v10", or "mixed"
  Json metadata = Json::object();
  Json workload = Json::object();
  Json extra = Json::object();  // other top-level maps that templates may name (e.g. `spec`)
  Json executor = Json::object();
  Json keychain = Json::array();
  std::vector<WorkbookEntry> workbook;
  std::vector<Step> workflow;
  std::map<std::string, std::size_t> step_index;  // name → position in workflow
  std::string entry;  // the step that starts: "start", or executor.spec.entry_step, or the first
  DerivedSlot plan;  // the engine's; nobody changes a playbook that it has seen

  [[nodiscard]] const Step* find_step(const std::string& step_name) const {
    const auto found = step_index.find(step_name);
    return found == step_index.end() ? nullptr : &workflow[found->second];
  }
};

}  // namespace noetl::domain
