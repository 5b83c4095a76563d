using Orrery.Kernel.Random;
using Orrery.World.Overlap;

namespace Orrery.World.Tests.Overlap;

public sealed class LayerPipelineTests
{
    private const ulong Seed = 20240822;
    private const int Rounds = 400;

    private readonly LayerPipeline _pipeline = new();

    [Fact]
    public void A_layer_is_never_faster_than_its_busiest_class_and_never_slower_than_one_after_the_other()
    {
        RandomStream random = RandomStream.Root(Seed);
        for (int round = 0; round < Rounds; round++)
        {
            double[] durations = Durations(random);
            PhaseShares shares = Shares(random);
            double time = Time(durations, shares.Speeds(ResourceTables.Usual));
            Assert.InRange(time, Busiest(durations) * (1 - 1e-9), durations.Sum() * (1 + 1e-9));
            // Kernels that do not disturb each other are no slower.
            Assert.True(Time(durations, PhaseShares.SpeedsWithoutInterference()) <= durations.Sum() * (1 + 1e-9));
        }
    }

    [Fact]
    public void One_nano_batch_without_attention_runs_in_sequence()
    {
        double[] durations = new double[LayerOperations.PerLayer];
        foreach (LayerOperation op in new[] { LayerOperation.InputProjection0, LayerOperation.OutputProjection, LayerOperation.AttentionReduce, LayerOperation.Up, LayerOperation.Down, LayerOperation.FeedForwardReduce })
            durations[(int)op] = 10 + (int)op;
        Assert.Equal(durations.Sum(), Time(durations, PhaseShares.Start.Speeds(ResourceTables.Usual)), 6);
    }

    /// <summary>Two equal nano-batches of one product (3) and one collective (1): the collectives hide behind the other's product.</summary>
    [Fact]
    public void Undisturbed_collectives_hide_behind_products()
    {
        double[] durations = new double[LayerOperations.PerLayer];
        for (int nano = 0; nano < 2; nano++)
        {
            durations[(nano * LayerOperations.PerNanoBatch) + (int)LayerOperation.Up] = 3;
            durations[(nano * LayerOperations.PerNanoBatch) + (int)LayerOperation.FeedForwardReduce] = 1;
        }
        Assert.Equal(6, Time(durations, PhaseShares.SpeedsWithoutInterference()), 9);
    }

    /// <summary>
    /// The same at 0.8 + 0.2: the collective runs at 0.5, so it takes 2 while the product does 1.6; of 6 of work 2·1.6 are done in 2·2 of
    /// time and the rest alone: 4 + 2.8.
    /// </summary>
    [Fact]
    public void Interference_costs_what_the_tables_say()
    {
        double[] durations = new double[LayerOperations.PerLayer];
        for (int nano = 0; nano < 2; nano++)
        {
            durations[(nano * LayerOperations.PerNanoBatch) + (int)LayerOperation.Up] = 3;
            durations[(nano * LayerOperations.PerNanoBatch) + (int)LayerOperation.FeedForwardReduce] = 1;
        }
        Assert.Equal(6.8, Time(durations, PhaseShares.Start.Speeds(ResourceTables.Usual)), 9);
    }

    [Fact]
    public void Shares_of_every_set_sum_to_the_whole_device()
    {
        RandomStream random = RandomStream.Root(Seed);
        for (int round = 0; round < Rounds; round++)
        {
            PhaseShares shares = Shares(random);
            for (int set = 1; set < 8; set++)
            {
                int sum = 0;
                foreach (ResourceClass resource in Enum.GetValues<ResourceClass>())
                {
                    int share = shares.Of(resource, set);
                    Assert.Equal((set & (1 << (int)resource)) == 0, share == 0);
                    sum += share;
                }
                Assert.Equal(PhaseShares.Whole, sum);
            }
        }
    }

    [Fact]
    public void Tables_are_concave_and_never_below_the_diagonal()
    {
        foreach (ResourceClass resource in Enum.GetValues<ResourceClass>())
        {
            ShareTable table = ResourceTables.Usual[resource];
            for (double r = 0.05; r < 1; r += 0.05)
            {
                Assert.True(table.SpeedAt(r) >= r - 1e-12);
                Assert.True(table.SpeedAt(r) >= ((table.SpeedAt(r - 0.05) + table.SpeedAt(r + 0.05)) / 2) - 1e-12);
            }
        }
        Assert.Equal(0.3, ResourceTables.Usual.Memory.SpeedAt(0.2), 12);
        Assert.Equal(0.5, ResourceTables.Usual.Network.SpeedAt(0.2), 12);
        Assert.Equal(0.7, ResourceTables.Usual.Compute.SpeedAt(0.7), 12);
    }

    [Fact]
    public void Tables_refuse_what_is_none()
    {
        Assert.Throws<ArgumentException>(() => ShareTable.Of((0.2, 0.3), (0.1, 0.4)));
        Assert.Throws<ArgumentException>(() => ShareTable.Of((0.2, 0.3), (0.3, 0.2)));
        Assert.Throws<ArgumentException>(() => ShareTable.Of((0.2, 1.3)));
    }

    private double Time(double[] durations, double[] speeds)
    {
        double[] tails = new double[LayerOperations.PerLayer];
        LayerPipeline.Tails(durations, tails);
        return _pipeline.LayerNanoseconds(durations, tails, speeds);
    }

    private static double Busiest(double[] durations) => Enum.GetValues<ResourceClass>().Max(resource => durations
        .Where((_, op) => LayerOperations.ClassOf((LayerOperation)(op % LayerOperations.PerNanoBatch)) == resource).Sum());

    private static double[] Durations(RandomStream random)
    {
        double[] durations = new double[LayerOperations.PerLayer];
        for (int op = 0; op < durations.Length; op++) durations[op] = random.NextInt(4) == 0 ? 0 : 1 + random.NextInt(1000);
        return durations;
    }

    private static PhaseShares Shares(RandomStream random)
    {
        int compute = 1 + random.NextInt(8);
        return new(1 + random.NextInt(9), 1 + random.NextInt(9), 1 + random.NextInt(9), compute, 1 + random.NextInt(9 - compute));
    }
}
