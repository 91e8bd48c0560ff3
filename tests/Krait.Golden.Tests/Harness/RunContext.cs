using Krait.Engine.Devices;

namespace Krait.Golden.Tests.Harness;

/// <summary>What a runner works with.</summary>
internal sealed record RunContext(GoldenCase Case, Device Device, Comparison Comparison);

/// <summary>Runs one case and records what differs.</summary>
internal delegate void CaseRunner(RunContext context);
