using Orrery.Kernel.Random;
using Orrery.Serving.Systems.SpotServe;

namespace Orrery.Serving.Tests.Systems.SpotServe;

public sealed class MigrationTests
{
    private const int GpusPerMachine = 4;
    private static readonly LayerProfile Model = LayerProfile.Gpt20;
    private static readonly DeviceMapper Mapper = new(Model, GpusPerMachine);
    private static readonly MigrationPlanner Planner = new(Model, GpusPerMachine, new MachineSpeeds(1e9, 2e9, 0.5e9));
    private static readonly MigrationRules Rules = new(Deal: true, MovesKv: true, Tolerance: 0);

    private static Configuration Shape(int replicas, int stages, int tensor) => new(replicas, stages, tensor, 4, 4, 1);

    private static Continuation Same(int replicas, int batch = 0) => new([.. Enumerable.Range(0, replicas)], [.. Enumerable.Repeat(batch, replicas)], 640);

    [Fact]
    public void Weight_of_an_edge_is_the_formula()
    {
        Configuration old = Shape(2, 2, 8), next = Shape(2, 3, 4);
        double h = Model.Hidden;
        // Old stage 0 has layers 0–23, next stage 1 has 16–31: 8 in common; ranks [1/8, 2/8) and [0, 1/4): 1/8 in common.
        double plain = (8 * (6 + (((12 * h) + 7) / 8))) + 51200 + 640;
        Assert.Equal(plain, Mapper.Weight(new Position(0, 0, 1), old, new Position(0, 1, 0), next, Same(2)), 1e-6);
        // A batch of 4 that goes on adds its share of the KV, and its own buffers.
        double kv = (8 * 4 * 640 / 8.0) + ((640 + (3 * h) + 4) * 4 / h);
        Assert.Equal(plain + kv, Mapper.Weight(new Position(0, 0, 1), old, new Position(0, 1, 0), next, Same(2, 4)), 1e-6);
        Assert.Equal(plain, Mapper.Weight(new Position(1, 0, 1), old, new Position(0, 1, 0), next, Same(2, 4)), 1e-6);
        // Nothing in common, both last stages: vocabulary twice.
        Assert.Equal(51200 + 640 + 51202, Mapper.Weight(new Position(0, 1, 7), old, new Position(0, 2, 0), next, Same(2)) - (16 * 6), 1e-6);
    }

    [Fact]
    public void Nothing_moves_when_nothing_changes()
    {
        Layout old = Mapper.InOrder(Shape(2, 2, 8), Enumerable.Range(0, 8));
        Layout next = Mapper.Match(old, Shape(2, 2, 8), [.. Enumerable.Range(0, 8)], Same(2, 4));
        Assert.All(old.Gpus, gpu => Assert.Equal(old.PositionOf(gpu), next.PositionOf(gpu)));
        Assert.Empty(Planner.Plan(old, next, _ => false, Same(2, 4), Rules).Transfers);
    }

    [Fact]
    public void A_lost_machine_costs_one_machine_s_bytes_with_matching_and_more_without()
    {
        Configuration shape = Shape(2, 2, 8);
        Layout old = Mapper.InOrder(shape, Enumerable.Range(0, 9));
        int[] rest = [1, 2, 3, 4, 5, 6, 7, 8];
        Layout stays = old.Without(gpu => gpu < GpusPerMachine);
        MigrationPlan matched = Planner.Plan(old, Mapper.Match(stays, shape, rest, Same(2)), gpu => gpu < GpusPerMachine, Same(2), Rules);
        long piece = 24 * ((Model.LayerBytes / 8) + Model.LayerReplicatedBytes);
        Assert.Equal(4 * (piece + Model.EmbeddingBytes), matched.MovedBytes);
        MigrationPlan ordered = Planner.Plan(old, Mapper.InOrder(shape, rest), gpu => gpu < GpusPerMachine, Same(2), Rules);
        Assert.True(ordered.MovedBytes > 4 * matched.MovedBytes, $"{ordered.MovedBytes} against {matched.MovedBytes}");
    }

    [Fact]
    public void Any_change_gives_every_GPU_exactly_what_it_lacks()
    {
        RandomStream random = RandomStream.Root(3);
        (int Stages, int Tensor)[] cuts = [(2, 8), (3, 4), (4, 4), (6, 2), (12, 1), (3, 8), (12, 2)];
        for (int round = 0; round < 150; round++)
        {
            (int oldP, int oldM) = cuts[random.NextInt(cuts.Length)];
            (int newP, int newM) = cuts[random.NextInt(cuts.Length)];
            Configuration oldShape = Shape(1 + random.NextInt(2), oldP, oldM), newShape = Shape(1 + random.NextInt(2), newP, newM);
            int before = (oldShape.Gpus + 3) / 4, after = (newShape.Gpus + 3) / 4;
            Layout old = Mapper.InOrder(oldShape, Enumerable.Range(0, before));
            int lost = random.NextInt(3);
            int[] machines = [.. Enumerable.Range(lost, after)];
            Continuation kept = new(Continuation.Keep([.. Enumerable.Range(0, oldShape.Replicas).Select(_ => (int?)random.NextInt(128))], newShape.Replicas), [.. Enumerable.Repeat(4, oldShape.Replicas)], 640);
            Layout stays = old.Without(gpu => !machines.Contains(gpu / 4));
            Layout next = random.NextInt(4) == 0 ? Mapper.InOrder(newShape, machines) : Mapper.Match(stays, newShape, machines, kept);
            Assert.Equal(newShape.Gpus, next.Count);
            bool silent = random.NextInt(2) == 0;
            MigrationPlan plan = Planner.Plan(silent ? stays : old, next, gpu => gpu / 4 < lost, kept, Rules);
            Check(silent ? stays : old, next, plan, kept, $"round {round}: {oldShape} to {newShape}, {lost} lost");
        }
    }

    private static void Check(Layout old, Layout next, MigrationPlan plan, Continuation kept, string where)
    {
        foreach (int gpu in next.Gpus)
        {
            Position to = next.PositionOf(gpu)!.Value;
            Position? had = old.PositionOf(gpu);
            int perOld = Model.PaddedLayers / old.Shape.Stages, perNext = Model.PaddedLayers / next.Shape.Stages;
            for (int layer = to.Stage * perNext; layer < (to.Stage + 1) * perNext; layer++)
            {
                double share = had is { } h && h.Stage == layer / perOld
                    ? Math.Max(0, Math.Min((h.Rank + 1.0) / old.Shape.Tensor, (to.Rank + 1.0) / next.Shape.Tensor) - Math.Max((double)h.Rank / old.Shape.Tensor, (double)to.Rank / next.Shape.Tensor))
                    : 0;
                long extra = had?.Stage == layer / perOld ? 0 : Model.LayerReplicatedBytes;
                long wanted = (long)(Model.LayerBytes * ((1.0 / next.Shape.Tensor) - share)) + extra;
                long got = plan.Transfers.Where(t => t.To == gpu && t.Layer == layer && !t.IsKv).Sum(t => t.Bytes);
                Assert.True(Math.Abs(wanted - got) <= 16, $"{where}: GPU {gpu} layer {layer} lacks {wanted} and gets {got}");
                int from = kept.OldReplica[to.Replica];
                bool wantsKv = from < old.Shape.Replicas && MigrationPlanner.HasKv(old, from);
                if (!wantsKv) continue;
                double kvHeld = had?.Replica == from ? share : 0;
                double kvWanted = Model.LayerKvBytes(4, 640) * ((1.0 / next.Shape.Tensor) - kvHeld);
                long kvGot = plan.Transfers.Where(t => t.To == gpu && t.Layer == layer && t.IsKv).Sum(t => t.Bytes);
                Assert.True(Math.Abs(kvWanted - kvGot) <= 16, $"{where}: GPU {gpu} layer {layer} lacks {kvWanted} of KV and gets {kvGot}");
            }
        }
        Assert.All(plan.Transfers, t => Assert.True(t.From == Transfer.Storage || old.PositionOf(t.From) is not null, where));
        Assert.True(plan.LastSeconds <= plan.EstimateSeconds + 1e-9, where);
        int firstWeight = plan.Transfers.ToList().FindIndex(t => !t.IsKv);
        Assert.True(firstWeight < 0 || plan.Transfers.Skip(firstWeight).All(t => !t.IsKv), $"{where}: KV goes first");
        Assert.True(plan.Transfers.Where(t => !t.IsKv).SkipWhile(t => t.FromDying).All(t => !t.FromDying), $"{where}: then what lies on machines that go");
        Assert.Equal(plan.LastSeconds, plan.ArrivalSeconds(next, Model.PaddedLayers).SelectMany(layers => layers).Max(), 1e-9);
    }

    [Fact]
    public void Replicas_with_most_tokens_go_on()
    {
        Assert.Equal([0, 2], Continuation.Keep([50, 10, 90], 2));
        Assert.Equal([0, 1, 2], Continuation.Keep([null, 10, null], 3));
        Assert.Equal([0, 1, 2, 3], Continuation.Keep([7, 3], 4));
        Assert.Equal([1], Continuation.Keep([null, 0], 1));
    }

    [Fact]
    public void Layers_move_in_an_order_that_memory_allows()
    {
        // Two machines become four: parts only shrink, and nobody ever exceeds what it had.
        Layout old = Mapper.InOrder(Shape(1, 2, 4), [0, 1]);
        Layout finer = Mapper.Match(old, Shape(1, 4, 4), [0, 1, 2, 3], Same(1));
        Assert.Equal(0, LayerOrder.Of(48, old, finer, 0).PeakLayers, 1e-9);
        // The other way round two stages swap their machines: something has to come before something can go.
        Layout swapped = Mapper.InOrder(Shape(1, 2, 4), [0, 1]);
        Layout exchanged = new(Shape(1, 2, 4));
        foreach (int gpu in swapped.Gpus)
        {
            Position position = swapped.PositionOf(gpu)!.Value;
            exchanged.Place(gpu, position with { Stage = 1 - position.Stage });
        }
        LayerOrder.Result tight = LayerOrder.Of(48, swapped, exchanged, 0);
        Assert.Equal(0.25, tight.PeakLayers, 1e-9);
        Assert.Equal(Enumerable.Range(0, 48), tight.Layers.Order());
        LayerOrder.Result loose = LayerOrder.Of(48, swapped, exchanged, double.PositiveInfinity);
        Assert.Equal(Enumerable.Range(0, 48), loose.Layers);
        Assert.Equal(24 / 4.0, loose.PeakLayers, 1e-9);
    }

    [Fact]
    public void Ports_send_one_byte_after_the_other()
    {
        MachineSpeeds speeds = new(100, 200, 50);
        MigrationPlan plan = new([new(0, 0, 4, 100, false, false), new(1, 0, 8, 100, false, true), new(2, 5, 4, 100, false, false), new(3, Transfer.Storage, 8, 100, false, false)], GpusPerMachine, speeds);
        Assert.Equal(2, plan.LastSeconds, 1e-12);
        Assert.Equal(2, plan.LastDyingSeconds, 1e-12);
        Assert.Equal((200 / 100.0) + (100 / 200.0) + (100 / 50.0), plan.EstimateSeconds, 1e-12);
        Assert.Equal((300L, 100L), (plan.MovedBytes, plan.LoadedBytes));
    }
}
