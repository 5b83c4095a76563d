using Orrery.Kernel;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;
using Orrery.World.Training;

namespace Orrery.World.Tests.Training;

public sealed class TrainingMemoryTests
{
    private static readonly Deployment Llama = Deployment.Create(Catalog.Model("llama-3-8b"), Catalog.Device("a100-sxm-80gb"));

    /// <summary>Llama-3-8B by hand: h = 4096, 32 heads and 8 KV heads of 128, f = 14336, V = 128256, 32 layers.</summary>
    [Theory]
    // Two norm inputs, q, k and v, gate and up, rank 16, in 16 bit; 32 statistics in 32 bit.
    [InlineData(KeptActivations.Rematerialised, 32 * ((2 * 4096 + 6144 + 2 * 14336 + 16) * 2 + 32 * 4))]
    // And the adapter's input.
    [InlineData(KeptActivations.Pruned, 32 * ((2 * 4096 + 6144 + 3 * 14336 + 16) * 2 + 32 * 4))]
    // Norms in and out, q, k and v, rotated q and k, attention out, projected; gate, up, activated, multiplied; adapter in and out; output. Logits.
    [InlineData(KeptActivations.Stored, 32 * 2 * (4 * 4096 + 6144 + 5120 + 4096 + 4096 + 4 * 14336 + 16 + 2 * 4096) + 128256 * 6)]
    public void BytesPerTokenFollowTheLayerList(KeptActivations kept, int bytes) =>
        Assert.Equal(bytes, TrainingMemory.Of(Llama, new(16, kept, 2048)).ActivationsPerToken.Count);

    [Fact]
    public void StoredActivationsHaveTwoSquareMatricesPerHead()
    {
        TrainingMemory stored = TrainingMemory.Of(Llama, new(16, KeptActivations.Stored, 2048));
        long matrices = 2L * 32 * 2048 * 2048 * 2 * 32;
        Assert.Equal((stored.ActivationsPerToken.Count * 2048) + matrices, stored.Activations.Count);
    }

    /// <summary>The card's check value for a sequence of 2048 tokens; the ratio grows with the sequence because only stored matrices do.</summary>
    [Theory]
    [InlineData(2048, 5, 8)]
    [InlineData(8192, 8, 24)]
    public void PruningSavesSeveralTimesTheMemory(int tokens, double least, double most)
    {
        double Bytes(KeptActivations kept) => TrainingMemory.Of(Llama, new(16, kept, tokens)).Activations.Count;
        Assert.InRange(Bytes(KeptActivations.Stored) / Bytes(KeptActivations.Rematerialised), least, most);
        Assert.InRange(Bytes(KeptActivations.Pruned) / Bytes(KeptActivations.Rematerialised), 1.1, 1.5);
    }

    [Fact]
    public void AdaptersAccumulatorsAndGradientsAreClosedForms()
    {
        TrainingMemory memory = TrainingMemory.Of(Llama, new(16, KeptActivations.Rematerialised, 2048));
        // Weight in 16 bit; gradient, master weight and two moments in 32 bit.
        Assert.Equal(32L * 16 * (4096 + 14336) * (2 + 4 + 12), memory.Adapters.Count);
        // dK and dV of one layer in 32 bit.
        Assert.Equal(2048L * 2 * 8 * 128 * 4, memory.Accumulators.Count);
        Assert.Equal(2L * 2048 * 4096 * 2, memory.Gradients.Count);
        Assert.Equal(memory.Activations + memory.Adapters + memory.Accumulators + memory.Gradients, memory.Total);
    }

    [Fact]
    public void TheReservationReducesTheKvBlocks()
    {
        TrainingMemory memory = TrainingMemory.Of(Llama, new(16, KeptActivations.Rematerialised, 2048));
        KvCapacity without = KvCapacity.Of(Llama);
        KvCapacity with = KvCapacity.Of(Llama, reserved: memory.Total);
        Assert.Equal(without.Kv - memory.Total, with.Kv);
        Assert.InRange(without.Blocks - with.Blocks, memory.Total.Count / without.KvPerBlock.Count, (memory.Total.Count / without.KvPerBlock.Count) + 1);
    }

    [Fact]
    public void TensorParallelismCutsAllButTheResidualStream()
    {
        Deployment two = Deployment.Create(Llama.Model, Llama.Device, new(Tensor: 2));
        long perToken = TrainingMemory.Of(two, new(16, KeptActivations.Rematerialised, 2048)).ActivationsPerToken.Count;
        Assert.Equal(32 * (((2 * 4096) + 3072 + 14336 + 16) * 2 + (16 * 4)), perToken);
    }

    [Fact]
    public void WhatIsNotModelledIsRefusedWithAReason()
    {
        AdapterTraining training = new(16, KeptActivations.Rematerialised, 2048);
        Deployment experts = Deployment.Create(Catalog.Model("mixtral-8x7b"), Llama.Device, new(Tensor: 2));
        Assert.Contains("experts", Assert.Throws<InputException>(() => TrainingMemory.Of(experts, training)).Message, StringComparison.Ordinal);
        Deployment stages = Deployment.Create(Llama.Model, Llama.Device, new(Pipeline: 2));
        Assert.Contains("pipeline: 1", Assert.Throws<InputException>(() => TrainingMemory.Of(stages, training)).Message, StringComparison.Ordinal);
    }
}
