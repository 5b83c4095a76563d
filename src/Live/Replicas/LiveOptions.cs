using Orrery.Kernel.Units;
using Orrery.Live.Settings;
using Orrery.Live.Streams;
using Orrery.Live.Tapes;
using Orrery.World.Cost;

namespace Orrery.Live.Replicas;

/// <summary>What a host is given besides its models.</summary>
public sealed record LiveOptions
{
    /// <summary>Where time comes from.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Names the content of prompts; null makes one that nobody knows.</summary>
    public ContentKey? Content { get; init; }

    /// <summary>The machine's memory; null asks the runtime.</summary>
    public Bytes? Memory { get; init; }

    /// <summary>Predicted step times of a model, for policies that look ahead; null where a model was not calibrated.</summary>
    public Func<ModelSettings, ICostModel?> StepTimes { get; init; } = static _ => null;

    /// <summary>Make the observers of each model, before its first request.</summary>
    public IReadOnlyList<Func<LiveModel, ILiveObserver>> Observers { get; init; } = [];

    /// <summary>Records everything that decisions depend on; null for nothing.</summary>
    public ITapeSink? Tape { get; init; }

    /// <summary>Writes the metrics of all models; runs on the loop.</summary>
    public Func<LiveHost, string> Metrics { get; init; } = static _ => "";

    /// <summary>Pieces that may wait for one reader.</summary>
    public int StreamCapacity { get; init; } = GenerationStream.DefaultCapacity;
}
