using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Serving.Systems.BlockLlm;
using Orrery.World.Catalogue;
using Orrery.World.Models;

namespace Orrery.Serving.Tests.Systems.BlockLlm;

public sealed class BlockPolicyTests
{
    private const long Capacity = 72_000_000_000;

    private static readonly ModelSpec[] Bases = [Catalog.Model("llama-7b"), Catalog.Model("llama-13b"), Catalog.Model("llama-33b")];

    private static readonly DispatchCost Owner = new(true, 0.001, 9, 9, 0.1, 0.01, false);

    [Fact]
    public void The_cost_counts_the_cheaper_way_to_have_the_kv_except_at_the_owner()
    {
        Assert.Equal(0.001 + 0.1 + 0.01, Owner.Total, 1e-12);
        Assert.Equal(0.002 + 0.3 + 0.05 + 0.01, new DispatchCost(false, 0.002, 0.4, 0.3, 0.05, 0.01, true).Total, 1e-12);
    }

    [Fact]
    public void The_owner_comes_first_while_the_wait_there_is_put_up_with()
    {
        DispatchCost elsewhere = new(false, 0, 0.001, 0.001, 0, 0.01, true);
        Assert.Equal(1, new BlockDispatch(0.2).Choose([elsewhere, Owner]));
        Assert.Equal(0, new BlockDispatch(0.05).Choose([elsewhere, Owner]));
    }

    [Fact]
    public void Nobody_goes_where_there_is_no_room_for_the_kv()
    {
        DispatchCost full = new(false, 0, 0, 0, 0, 0, false);
        Assert.Equal(0, new BlockDispatch(0.05).Choose([Owner, full]));
        Assert.Equal(-1, new BlockDispatch(0.05).Choose([full]));
    }

    [Fact]
    public void Surrogates_run_only_where_the_way_is_long_against_the_compute_and_hits_are_frequent()
    {
        var rule = new SurrogateRule(1, 0.5);
        Assert.True(rule.Applies(Owner, true, 0.8));
        Assert.False(rule.Applies(Owner, false, 0.8));
        Assert.False(rule.Applies(Owner, true, 0.4));
        Assert.False(rule.Applies(Owner with { Wait = 0 }, true, 0.8));
    }

    [Fact]
    public void Placement_fills_no_device_beyond_its_memory_and_spreads_the_load()
    {
        BlockLlmOptions options = new();
        BlockZoo zoo = BlockZoo.Build(Bases, options, RandomStream.Root(2));
        int[] at = BlockPlacement.Place(zoo, block => block.Layers, options, Capacity);
        Assert.All(Enumerable.Range(0, 12), device => Assert.InRange(zoo.Blocks.Where(block => at[block.Id] == device).Sum(block => block.Bytes), 0, Capacity));
        InputException error = Assert.Throws<InputException>(() => BlockPlacement.Place(zoo, block => 1, options with { Servers = 1, DevicesPerServer = 1 }, Capacity));
        Assert.Contains("finds no room", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Engines_with_whole_models_go_by_memory_alone()
    {
        BlockLlmOptions options = new() { Store = StoreKind.PerModel };
        BlockZoo zoo = BlockZoo.Build(Bases, options, RandomStream.Root(2));
        int[] at = BlockPlacement.Place(zoo, block => 1, options, Capacity);
        Assert.Equal(at, BlockPlacement.Place(zoo, block => block.Id % 7, options, Capacity));
        // Worst fit: no device is so full that its last engine would have found more room elsewhere.
        long[] used = [.. Enumerable.Range(0, 12).Select(device => zoo.Blocks.Where(block => at[block.Id] == device).Sum(block => block.Bytes))];
        Assert.All(Enumerable.Range(0, 12), device => Assert.True(used[device] - zoo.Blocks.Where(block => at[block.Id] == device).Min(block => block.Bytes) <= used.Min()));
    }

    [Theory]
    [InlineData(1ul)]
    [InlineData(2ul)]
    [InlineData(3ul)]
    public void Locality_keeps_chains_on_a_server(ulong seed)
    {
        BlockLlmOptions options = new();
        BlockZoo zoo = BlockZoo.Build(Bases, options, RandomStream.Root(seed));
        int[] at = BlockPlacement.Place(zoo, block => block.Layers, options, Capacity);
        Assert.True(Crossing(zoo, at) < 0.5 * Crossing(zoo, BlockPlacement.Place(zoo, block => block.Layers, options with { Locality = false }, Capacity)));
        // All blocks of the smallest base fit on a server, and no hand-over of theirs leaves it.
        Assert.Single(zoo.Blocks.Where(block => block.Base == 0).Select(block => at[block.Id] / options.DevicesPerServer).Distinct());
    }

    [Fact]
    public void Nearness_counts_neighbours_by_the_tokens_that_pass()
    {
        BlockZoo zoo = BlockZoo.Build([Bases[0]], new BlockLlmOptions { Applications = 2, AdapterShare = 0.5 }, RandomStream.Root(5));
        Assert.All(zoo.Blocks, block => Assert.Equal(1, BlockPlacement.Nearness(zoo, block.Id, _ => 1), 1e-12));
        Assert.All(zoo.Blocks, block => Assert.Equal(0, BlockPlacement.Nearness(zoo, block.Id, _ => 0)));
        Assert.Equal((1, 0.5, 0), (BlockPlacement.Nearness(4, 4, 3), BlockPlacement.Nearness(4, 3, 3), BlockPlacement.Nearness(3, 2, 3)));
        Assert.Equal(zoo.Models.Where(model => model.Chain.Count > 1).Sum(model => model.Popularity * model.Chain.Count), zoo.HandOvers.Values.Sum(), 1e-12);
    }

    private static double Crossing(BlockZoo zoo, int[] at) => zoo.HandOvers.Where(pair => at[pair.Key.From] / 3 != at[pair.Key.To] / 3).Sum(pair => pair.Value);
}
