using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Catalogue;
using Orrery.World.Profiles;

namespace Orrery.World.Tests.Profiles;

public sealed class EngineProfileTests
{
    [Fact]
    public void The_shipped_generic_engine_repeats_the_defaults_of_the_code() =>
        Assert.Equal(EngineProfile.Generic with { Aliases = [] }, Catalog.Engine("generic") with { Aliases = EngineProfile.Generic.Aliases });

    [Fact]
    public void The_generic_engine_waits_for_its_CPU()
    {
        EngineProfile engine = EngineProfile.Generic;
        Assert.Equal(0.5e-3 + (7 * 3e-6), engine.CpuSeconds(7, 900), 12);
        Assert.Equal(20.5e-3, engine.StepSeconds(20e-3, engine.StepCpuSeconds), 12);
    }

    [Fact]
    public void Planned_ahead_the_longer_of_device_and_cpu_counts_and_the_gap_stays()
    {
        EngineProfile engine = new() { PlansAhead = true, StepGapSeconds = 0.5e-3 };
        Assert.Equal(20.5e-3, engine.StepSeconds(20e-3, 3e-3), 12);
        Assert.Equal(3.5e-3, engine.StepSeconds(1e-3, 3e-3), 12);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(5, 8)]
    [InlineData(128, 128)]
    [InlineData(129, 136)]
    [InlineData(256, 256)]
    [InlineData(257, 272)]
    [InlineData(512, 512)]
    [InlineData(513, 513)]
    public void Captured_sizes_of_vllm_grow_by_eight_and_then_by_sixteen(long tokens, long padded) =>
        Assert.Equal(padded, Catalog.Engine("vllm-0.19.0").PaddedTokens(tokens));

    [Fact]
    public void Without_captures_nothing_is_padded()
    {
        EngineProfile eager = new() { GraphMaxTokens = 0 };
        Assert.Equal(3, eager.PaddedTokens(3));
        Assert.Equal(100, eager.PaddedTokens(100));
    }

    [Fact]
    public void A_capture_limit_that_is_no_multiple_is_not_exceeded() =>
        Assert.Equal(100, new EngineProfile { GraphMaxTokens = 100 }.PaddedTokens(98));

    [Fact]
    public void Runtime_memory_is_a_share_at_most()
    {
        Assert.Equal(3.5e9, EngineProfile.Generic.RuntimeBytesOn(80e9));
        Assert.Equal(1.5e9, EngineProfile.Generic.RuntimeBytesOn(10e9));
    }

    [Theory]
    [InlineData("{name: x, source: y, stepCpuTme: 1ms}", "stepCpuTime")]
    [InlineData("{name: x, source: y, stepGap: 5}", "stepGap")]
    [InlineData("{name: x, source: y, runtimeShareLimit: 0}", "runtimeShareLimit")]
    [InlineData("{source: y}", "name")]
    public void A_wrong_key_or_value_is_named(string text, string named)
    {
        InputException error = Assert.Throws<InputException>(() => EngineProfile.Read(Document.Parse(text, "engine.yaml")));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains("engine.yaml", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_engine_gets_the_nearest() =>
        Assert.Contains("'vllm-0.19'", Assert.Throws<InputException>(() => Catalog.Engine("vllm-0.18")).Message, StringComparison.Ordinal);
}
