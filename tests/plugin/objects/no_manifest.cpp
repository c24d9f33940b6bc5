// A shared object like any other.
extern "C" __attribute__((visibility("default"))) int an_ordinary_function() { return 1; }
