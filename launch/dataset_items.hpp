#pragma once
#include <optional>
#include <string>

#include <gluster/cluster.hpp>

namespace gluster::command {

// The dataset that `@FILE:/DATASET` on a command line names; nothing where a file of that whole name is there, or it names none.
std::optional<std::string> dataset_named(const std::string& word);
// A dataset of one element, as JSON. Throws DataError where it has more.
std::string one_element(const std::string& where);
// An item a row, for a parameter of this type: its elements one by one where it is a number. Throws DataError where they do not fit.
JsonItems over_dataset(const std::string& where, const Type& type);

}  // namespace gluster::command
