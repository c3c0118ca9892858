// Objects of the language: loop, namespace, and the functions that make some.
#include <map>

#include "shared/templating/evaluation/loop.hpp"
#include "shared/templating/operations/operators.hpp"
#include "shared/templating/program/renderer.hpp"
#include "shared/templating/values/python_text.hpp"

namespace noetl::templating {

Value Object::call(Renderer& renderer, const Arguments& arguments) {
  (void)renderer;
  (void)arguments;
  fail(describe() + " is not callable");
}

Value Object::call_method(Renderer& renderer, const std::string& name, const Arguments& arguments) {
  const Value value = attribute(name);
  if (!value.is(Kind::object)) {
    fail_undefined("'" + name + "' is not a function of " + describe());
  }
  return value.as_object().call(renderer, arguments);
}

void Object::assign(const std::string& name, Value value) {
  (void)name;
  (void)value;
  fail("cannot assign an attribute on a value that is no namespace");
}

std::string Loop::describe() const {
  return "<LoopContext " + std::to_string(index_ + 1) + "/" + std::to_string(items_.size()) + ">";
}

Value Loop::attribute(const std::string& name) const {
  const auto number = [](std::size_t value) { return Value::integer(static_cast<std::int64_t>(value)); };
  if (name == "index") {
    return number(index_ + 1);
  }
  if (name == "index0") {
    return number(index_);
  }
  if (name == "revindex") {
    return number(items_.size() - index_);
  }
  if (name == "revindex0") {
    return number(items_.size() - index_ - 1);
  }
  if (name == "first") {
    return Value::boolean(index_ == 0);
  }
  if (name == "last") {
    return Value::boolean(index_ + 1 == items_.size());
  }
  if (name == "length") {
    return number(items_.size());
  }
  if (name == "depth" || name == "depth0") {
    return Value::integer(nesting_ + (name == "depth" ? 1 : 0));
  }
  if (name == "previtem") {
    return index_ == 0 ? Value() : items_[index_ - 1];
  }
  if (name == "nextitem") {
    return index_ + 1 == items_.size() ? Value() : items_[index_ + 1];
  }
  return {};
}

Value Loop::call(Renderer& renderer, const Arguments& arguments) {
  if (!block_.is_recursive || arguments.positional.size() != 1) {
    fail("loop(…) wants one argument and a loop that is marked recursive");
  }
  const std::size_t here = index_;
  Draft draft;
  renderer.render_loop(block_, arguments.positional[0], nesting_ + 1, draft);
  index_ = here;
  return renderer.budget().text(draft.take());
}

Value Loop::call_method(Renderer& renderer, const std::string& name, const Arguments& arguments) {
  if (name == "cycle") {
    if (arguments.positional.empty()) {
      fail("loop.cycle() needs at least one value");
    }
    return arguments.positional[index_ % arguments.positional.size()];
  }
  if (name == "changed") {
    Value now = Value::tuple(arguments.positional);
    const bool is_new = !has_changed_ || !are_equal(now, last_changed_, renderer.budget());
    has_changed_ = true;
    last_changed_ = std::move(now);
    return Value::boolean(is_new);
  }
  return Object::call_method(renderer, name, arguments);
}

namespace {

class Namespace final : public Object {
 public:
  [[nodiscard]] std::string describe() const override { return "<Namespace>"; }
  [[nodiscard]] Value attribute(const std::string& name) const override {
    const auto found = members_.find(name);
    return found == members_.end() ? Value() : found->second;
  }
  void assign(const std::string& name, Value value) override {
    if (members_.insert_or_assign(name, std::move(value)).second) {
      charge_.add(storage_bytes + sizeof(Value) + name.size());
    }
  }
  [[nodiscard]] bool is_callable() const override { return false; }

 private:
  std::map<std::string, Value> members_;
  Charge charge_;
};

class Cycler final : public Object {
 public:
  explicit Cycler(Values items) : items_(std::move(items)) {}
  [[nodiscard]] std::string describe() const override { return "<Cycler>"; }
  [[nodiscard]] Value attribute(const std::string& name) const override {
    return name == "current" ? items_[at_] : Value();
  }
  Value call_method(Renderer& renderer, const std::string& name, const Arguments& arguments) override {
    if (name == "next") {
      const std::size_t now = at_;
      at_ = (at_ + 1) % items_.size();
      return items_[now];
    }
    if (name == "reset") {
      at_ = 0;
      return Value::none();
    }
    return Object::call_method(renderer, name, arguments);
  }

 private:
  Values items_;
  std::size_t at_ = 0;
};

class Joiner final : public Object {
 public:
  explicit Joiner(std::string separator) : separator_(std::move(separator)) {}
  [[nodiscard]] std::string describe() const override { return "<Joiner>"; }
  Value call(Renderer& renderer, const Arguments&) override {
    const bool first = !used_;
    used_ = true;
    return renderer.budget().text(first ? std::string() : separator_);
  }

 private:
  std::string separator_;
  bool used_ = false;
};

class Function final : public Object {
 public:
  using Body = Value (*)(Renderer& renderer, const Arguments& arguments);
  Function(std::string_view name, Body body) noexcept : name_(name), body_(body) {}
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] std::string describe() const override { return "<function " + std::string(name_) + ">"; }
  Value call(Renderer& renderer, const Arguments& arguments) override { return body_(renderer, arguments); }

 private:
  std::string_view name_;
  Body body_;
};

Value make_range(Renderer& renderer, const Arguments& arguments) {
  const Bound bound("range", "start! stop step", arguments);
  const bool one = bound[1] == nullptr;
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
    if (!arguments.positional[i].is_whole()) {
      fail("range() wants integers");
    }
  }
  const std::int64_t start = one ? 0 : bound.integer(0, 0);
  const std::int64_t stop = bound.integer(one ? 0 : 1, 0);
  const std::int64_t step = bound.integer(2, 1);
  if (step == 0) {
    fail("range() arg 3 must not be zero");
  }
  Values items;
  const bool is_empty = step > 0 ? start >= stop : start <= stop;
  if (!is_empty) {
    // Unsigned: the distance of two integers, and the size of the smallest one, fit.
    const std::uint64_t distance = step > 0 ? static_cast<std::uint64_t>(stop) - static_cast<std::uint64_t>(start)
                                            : static_cast<std::uint64_t>(start) - static_cast<std::uint64_t>(stop);
    const std::uint64_t stride = step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
    const std::uint64_t count = (distance - 1) / stride + 1;
    renderer.budget().check_items(count);
    items.reserve(static_cast<std::size_t>(count));
  }
  for (std::int64_t at = start; step > 0 ? at < stop : at > stop;) {
    renderer.budget().spend(1);
    items.push_back(Value::integer(at));
    if (__builtin_add_overflow(at, step, &at)) {
      break;
    }
  }
  return Value::list(std::move(items));
}

Value make_dict(Renderer& renderer, const Arguments& arguments) {
  Entries entries;
  if (arguments.positional.size() > 1) {
    fail("dict() takes at most one positional argument");
  }
  if (!arguments.positional.empty()) {
    const Value& from = arguments.positional[0];
    if (from.is_dict()) {
      entries = from.entries();
    } else {
      for (const Value& pair : iterate(from, renderer.budget())) {
        const Values parts = iterate(pair, renderer.budget());
        if (parts.size() != 2) {
          fail("dict() wants pairs");
        }
        entries.emplace_back(parts[0], parts[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.named) {
    entries.emplace_back(renderer.budget().text(name), value);
  }
  renderer.budget().spend(entries.size());
  return Value::dict(std::move(entries));
}

Value make_namespace(Renderer& renderer, const Arguments& arguments) {
  const Value members = make_dict(renderer, arguments);
  auto& made = renderer.keep<Namespace>();
  for (const auto& [key, value] : members.entries()) {
    made.assign(python_str(key, renderer.budget()), value);
  }
  return Value::object(made);
}

Value make_cycler(Renderer& renderer, const Arguments& arguments) {
  if (arguments.positional.empty()) {
    fail("cycler() needs at least one value");
  }
  return Value::object(renderer.keep<Cycler>(arguments.positional));
}

Value make_joiner(Renderer& renderer, const Arguments& arguments) {
  const Bound bound("joiner", "sep", arguments);
  return Value::object(renderer.keep<Joiner>(bound.text(0, ", ", renderer.budget())));
}

}  // namespace

Object* find_global(std::string_view name) {
  // Functions without state: one of each serves every rendering.
  static Function functions[] = {{"range", make_range},
                                 {"dict", make_dict},
                                 {"namespace", make_namespace},
                                 {"cycler", make_cycler},
                                 {"joiner", make_joiner}};
  for (Function& function : functions) {
    if (function.name() == name) {
      return &function;
    }
  }
  return nullptr;
}

}  // namespace noetl::templating
