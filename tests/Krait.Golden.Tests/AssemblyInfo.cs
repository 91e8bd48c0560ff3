// One device is shared by all cases, and it uses all threads by itself.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
