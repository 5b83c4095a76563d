using Orrery.Kernel.Random;
using Orrery.World.Profiles;

namespace Orrery.World.Tests.Profiles;

public sealed class ProfileDrawsTests
{
    /// <summary>ln(true / predicted) of times half as long as true ones and of times twice as long is ± ln 2.</summary>
    [Theory]
    [InlineData(-0.5)]
    [InlineData(1)]
    public void A_bias_counts_by_its_ratio(double bias)
    {
        DeviceProfile measured = new()
        {
            Name = "one",
            Source = "none",
            Errors = new Dictionary<ProfileFamily, FamilyErrors> { [ProfileFamily.Prefill] = new(new(0, 0, 0, bias, 0, 1), null, null) },
        };
        Assert.Equal(Math.Log(2), ProfileSpread.Of(CostProfile.Analytic with { Measured = measured }, EngineProfile.Generic, null).Prefill, 1e-12);
    }

    private static readonly ProfileSpread Some = new()
    {
        Matrices = 0.1,
        Vectors = 0.2,
        Prefill = 0.05,
        Decode = 0.3,
        Experts = 0,
        Collectives = 0.4,
        Cpu = 0.15,
        Device = 0.07,
    };

    private static readonly Func<ProfileFactors, double>[] Kinds =
        [f => f.Matrices, f => f.Vectors, f => f.Prefill, f => f.Decode, f => f.Experts, f => f.Collectives, f => f.Cpu];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(99)]
    public void Logarithms_have_exactly_the_stated_covariance(ulong seed)
    {
        IReadOnlyList<ProfileFactors> draws = ProfileDraws.Of(Some, RandomStream.Root(seed));
        double[] own = [0.1, 0.2, 0.05, 0.3, 0, 0.4, 0.15];
        for (int a = 0; a < own.Length; a++)
        {
            Assert.Equal(0, draws.Average(draw => Math.Log(Kinds[a](draw))), 12);
            for (int b = 0; b < own.Length; b++)
            {
                // The last kind is the CPU, which shares nothing with the device.
                double shared = Math.Max(a, b) == own.Length - 1 ? 0 : 0.07 * 0.07;
                double expected = shared + (a == b ? own[a] * own[a] : 0);
                Assert.Equal(expected, draws.Average(draw => Math.Log(Kinds[a](draw)) * Math.Log(Kinds[b](draw))), 12);
            }
        }
        Assert.All(draws, draw => Assert.Equal(draw.Decode, draw.Mixed));
    }

    [Fact]
    public void A_seed_gives_its_draws_again_and_another_seed_others()
    {
        Assert.Equal(ProfileDraws.Of(Some, RandomStream.Root(5)), ProfileDraws.Of(Some, RandomStream.Root(5)));
        Assert.NotEqual(ProfileDraws.Of(Some, RandomStream.Root(5)), ProfileDraws.Of(Some, RandomStream.Root(6)));
    }

    [Fact]
    public void Without_spread_every_draw_is_the_profile() =>
        Assert.All(ProfileDraws.Of(ProfileSpread.None, RandomStream.Root(1)), draw => Assert.Equal(ProfileFactors.None, draw));

    [Fact]
    public void Stated_errors_count_by_their_shared_part_and_bias()
    {
        FamilyErrors errors = new(new(0.1, 0.5, 0.2, 0.02, 0.2, 10), null, null);
        DeviceProfile own = new() { Name = "own", Source = "", Errors = new Dictionary<ProfileFamily, FamilyErrors> { [ProfileFamily.Matrices] = errors } };
        FamilyErrors wide = new(null, null, new(1, 0.1, 1, 0, 1.5, 10));
        DeviceProfile others = new() { Name = DeviceProfile.TransferName, Source = "", Errors = new Dictionary<ProfileFamily, FamilyErrors> { [ProfileFamily.Decode] = wide } };
        ProfileSpread spread = ProfileSpread.Of(CostProfile.Analytic.With(own), EngineProfile.Generic, others);
        Assert.Equal(Math.Sqrt(Math.Pow(Math.Log(1.02), 2) + Math.Pow(ProfileSpread.SharedShare * 0.2, 2)), spread.Matrices, 12);
        // Weighted by time the others' decodes are off by a tenth: σ = 0.1 · √(π/2), less than their plain scatter.
        Assert.Equal(ProfileSpread.LearntShare * 0.1 * Math.Sqrt(Math.PI / 2), spread.Decode, 12);
        Assert.Equal(0, spread.Vectors);
        Assert.Equal(ProfileSpread.AssumedCpuDeviation, spread.Cpu);
    }

    [Fact]
    public void Factors_multiply()
    {
        ProfileFactors a = new() { Matrices = 2, Cpu = 3 };
        Assert.Equal(a, a.Times(ProfileFactors.None));
        Assert.Equal(new ProfileFactors { Matrices = 4, Cpu = 9 }, a.Times(a));
    }
}
