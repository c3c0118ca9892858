#include "shared/templating/template.hpp"

#include <list>
#include <new>
#include <unordered_map>

#include "shared/base/guarded.hpp"
#include "shared/templating/compiled_template.hpp"

namespace noetl::templating {

void Scope::add_layer(const Json& object) {
  if (object.is_object()) {
    layers_.push_back(&object);
  }
}

void Scope::add(std::string name, const Json& value, const Json* members) {
  if (members != nullptr && members->is_object()) members_.insert_or_assign(name, members);
  names_.insert_or_assign(std::move(name), &value);
}

const Json* Scope::find_member(std::string_view name, std::string_view member) const {
  if (members_.empty()) return nullptr;
  const auto found = members_.find(name);
  if (found == members_.end()) return nullptr;
  const auto inner = found->second->find(member);
  if (inner != found->second->end()) return &*inner;
  // As of any map without them, `name.data` and `name.result` are the map itself.
  return member == "data" || member == "result" ? found->second : nullptr;
}

const Json* Scope::find(std::string_view name) const {
  if (const auto found = names_.find(name); found != names_.end()) {
    return found->second;
  }
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    const auto& members = (*layer)->get_ref<const Json::object_t&>();
    if (const auto found = members.find(name); found != members.end()) {
      return &found->second;
    }
  }
  return nullptr;
}

base::Result<TemplatePtr> parse(std::string_view source, const Limits& limits) {
  try {
    return std::make_shared<const CompiledTemplate>(source, limits);
  } catch (const Failure& failure) {
    return base::failure(error_of(failure, source));
  } catch (const std::bad_alloc&) {
    return base::failure(base::ErrorCode::invalid_input, "the template needs more memory than there is");
  }
}

namespace {

// Least recently used goes first. A text that would crowd out many others is not kept.
class TemplateCache {
 public:
  TemplatePtr find(std::string_view source) {
    const auto found = index_.find(source);
    if (found == index_.end()) {
      return nullptr;
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->parsed;
  }

  void add(std::string_view source, TemplatePtr parsed) {
    const std::size_t bytes = source.size() + static_cast<const CompiledTemplate&>(*parsed).bytes();
    if (bytes > entry_bytes_max || index_.contains(source)) {
      return;
    }
    entries_.push_front(Entry{std::string(source), bytes, std::move(parsed)});
    index_.emplace(entries_.front().source, entries_.begin());
    bytes_ += bytes;
    while (entries_.size() > entries_max || bytes_ > bytes_max) {
      bytes_ -= entries_.back().bytes;
      index_.erase(entries_.back().source);
      entries_.pop_back();
    }
  }

 private:
  static constexpr std::size_t entries_max = 4096;
  // Parsed, a text takes ten to a hundred times its own size.
  static constexpr std::size_t bytes_max = 12 << 20;
  static constexpr std::size_t entry_bytes_max = 1 << 20;

  struct Entry {
    std::string source;
    std::size_t bytes;
    TemplatePtr parsed;
  };
  std::list<Entry> entries_;
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
  std::size_t bytes_ = 0;
};

// One per process by contract (template.hpp): what a text means depends on nothing else.
base::Guarded<TemplateCache>& cache() {
  static base::Guarded<TemplateCache> shared;
  return shared;
}

}  // namespace

base::Result<TemplatePtr> parse_cached(std::string_view source) {
  if (TemplatePtr known = cache().with([&](TemplateCache& held) { return held.find(source); })) {
    return known;
  }
  auto parsed = parse(source);
  if (parsed) {
    cache().with([&](TemplateCache& held) { held.add(source, *parsed); });
  }
  return parsed;
}

}  // namespace noetl::templating
