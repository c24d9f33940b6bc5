#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>

#include <gluster/block.hpp>
#include <gluster/operand.hpp>

#include "wire/link.hpp"
#include "wire/message.hpp"
#include "wire/relay.hpp"

namespace gluster::runner {

// What calls at this rank may name: shared data in node memory, and what had to be kept in memory of its own. Passes on to other nodes what comes in.
class Operands final : public gluster::Operands {
 public:
  struct Parts {
    std::span<std::byte> memory;  // the node's, for shared data; empty: none
    bool beside_master = false;   // on the master's node: what it shares lies there already, and outputs are written in place
    bool is_master = false;       // in its process: so are outputs in the master's own memory
  };
  explicit Operands(Parts parts) : parts_(parts) {}

  // What follows is called with the baton held.
  struct Sender {
    wire::Link* link;
    int master;
    std::function<std::uint64_t()> number;  // of the next frame
  };
  // Data is to come.
  void expect(const wire::Share& share, const Sender& sender);
  // A piece of it: says where it goes. Throws DataError.
  void open(wire::Incoming& piece);
  // It is here.
  void arrived(wire::Incoming& piece);
  void forget(std::uint64_t object);

  // Any thread.
  std::span<const std::byte> find(const SharedRef& ref) override;
  std::span<std::byte> output(const SharedRef& ref) override;
  void expect_room(const DatasetRef& ref) override;
  void read(const DatasetRef& ref, std::span<std::byte> into) override;

 private:
  struct Object {
    std::span<std::byte> data;
    std::shared_ptr<Block<std::byte>> own;          // null: `data` lies in node memory
    std::map<std::uint64_t, std::uint64_t> pieces;  // begin -> end of what is here, beyond `here`
    std::uint64_t here = 0;
    std::shared_ptr<wire::Relay> relay;
  };
  struct Piece;

  std::span<std::byte> in_memory(std::uint64_t offset, std::uint64_t bytes) const;
  bool make_room(Object& object, const wire::Share& share) const;
  void note(Object& object, std::uint64_t begin, std::uint64_t bytes);

  Parts parts_;
  std::mutex mutex_;  // for objects_; what is in them changes with the baton held, and is read when it does not any more
  std::unordered_map<std::uint64_t, std::shared_ptr<Object>> objects_;
};

}  // namespace gluster::runner
