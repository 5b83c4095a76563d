using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>One piece on its way.</summary>
/// <param name="Layer">0 … padded layers − 1; <see cref="Embedding"/> and <see cref="Head"/> stand for what lies before and behind them.</param>
/// <param name="From">GPU, or <see cref="Storage"/> where no GPU holds the piece any more.</param>
/// <param name="To">GPU.</param>
/// <param name="IsKv">KV of an interrupted batch; otherwise weights.</param>
/// <param name="FromDying">The source goes at the deadline.</param>
public readonly record struct Transfer(int Layer, int From, int To, long Bytes, bool IsKv, bool FromDying)
{
    /// <summary>Every GPU holds it; the first layer waits for it.</summary>
    public const int Embedding = -1;

    /// <summary>GPUs of the last stage hold it.</summary>
    public const int Head = int.MaxValue;

    public const int Storage = -1;
}

/// <summary>Speeds of a machine.</summary>
/// <param name="NetworkBytesPerSecond">Its port to other machines, both directions together (b).</param>
/// <param name="LocalBytesPerSecond">Between its own GPUs (b: estimated like the port).</param>
/// <param name="StorageBytesPerSecond">From disk or remote storage.</param>
public sealed record MachineSpeeds(double NetworkBytesPerSecond, double LocalBytesPerSecond, double StorageBytesPerSecond);

/// <summary>All transfers of a change in the order in which they are sent, with the time at which each is over.</summary>
/// <remarks>
/// Each machine's port, its inside and its storage send their bytes in this order, one after the other; a transfer is over when both its
/// ports have sent all that stands before it (d: our rule for the order within the whole). The whole then takes no longer than the
/// artefact's estimate (b): the fullest port's bytes by its speed, and the fullest inside's by its speed.
/// </remarks>
public sealed class MigrationPlan
{
    private readonly double[] _ends;

    /// <param name="transfers">In order.</param>
    /// <param name="gpusPerMachine">Which GPUs share a machine.</param>
    /// <param name="speeds">Of every machine.</param>
    public MigrationPlan(IReadOnlyList<Transfer> transfers, int gpusPerMachine, MachineSpeeds speeds)
    {
        ArgumentNullException.ThrowIfNull(transfers);
        ArgumentNullException.ThrowIfNull(speeds);
        Transfers = transfers;
        Dictionary<int, long> ports = [], insides = [], storages = [];
        _ends = new double[transfers.Count];
        for (int i = 0; i < transfers.Count; i++)
        {
            Transfer transfer = transfers[i];
            int to = transfer.To / gpusPerMachine, from = transfer.From / gpusPerMachine;
            if (transfer.From == Transfer.Storage)
            {
                LoadedBytes += transfer.Bytes;
                _ends[i] = Add(storages, to, transfer.Bytes) / speeds.StorageBytesPerSecond;
            }
            else if (from == to)
            {
                MovedBytes += transfer.Bytes;
                _ends[i] = Add(insides, to, transfer.Bytes) / speeds.LocalBytesPerSecond;
            }
            else
            {
                MovedBytes += transfer.Bytes;
                _ends[i] = Math.Max(Add(ports, from, transfer.Bytes), Add(ports, to, transfer.Bytes)) / speeds.NetworkBytesPerSecond;
            }
            LastSeconds = Math.Max(LastSeconds, _ends[i]);
            if (transfer.FromDying) LastDyingSeconds = Math.Max(LastDyingSeconds, _ends[i]);
        }
        EstimateSeconds = (Most(ports) / speeds.NetworkBytesPerSecond) + (Most(insides) / speeds.LocalBytesPerSecond) + (Most(storages) / speeds.StorageBytesPerSecond);
    }

    public IReadOnlyList<Transfer> Transfers { get; }

    /// <summary>Between GPUs.</summary>
    public long MovedBytes { get; }

    /// <summary>From storage.</summary>
    public long LoadedBytes { get; }

    /// <summary>The artefact's estimate of the whole, without its overhead.</summary>
    public double EstimateSeconds { get; }

    /// <summary>When the last transfer is over, from the start of the migration.</summary>
    public double LastSeconds { get; }

    /// <summary>When the last transfer is over whose source goes.</summary>
    public double LastDyingSeconds { get; }

    /// <summary>When all transfers of a layer to a replica of the next layout are over; the embedding counts to layer 0, the head to the last.</summary>
    /// <param name="next">Where the GPUs stand.</param>
    /// <param name="layers">Stored layers.</param>
    /// <returns>For each replica and layer the seconds from the start of the migration.</returns>
    public double[][] ArrivalSeconds(Layout next, int layers)
    {
        ArgumentNullException.ThrowIfNull(next);
        double[][] arrivals = [.. Enumerable.Range(0, next.Shape.Replicas).Select(_ => new double[layers])];
        int perStage = layers / next.Shape.Stages;
        for (int i = 0; i < _ends.Length; i++)
        {
            Transfer transfer = Transfers[i];
            Position to = next.PositionOf(transfer.To)!.Value;
            // A stage's GPU needs its embedding with its first layer.
            int layer = transfer.Layer switch { Transfer.Embedding => to.Stage * perStage, Transfer.Head => layers - 1, _ => transfer.Layer };
            arrivals[to.Replica][layer] = Math.Max(arrivals[to.Replica][layer], _ends[i]);
        }
        return arrivals;
    }

    private static long Add(Dictionary<int, long> loads, int machine, long bytes) => loads[machine] = loads.GetValueOrDefault(machine) + bytes;

    private static long Most(Dictionary<int, long> loads) => loads.Count == 0 ? 0 : loads.Values.Max();
}

/// <summary>When a replica can work while parts of it are still on their way: the seconds of each layer's arrival.</summary>
/// <param name="LayerSeconds">Absolute, in virtual seconds.</param>
internal sealed record LayerArrivals(double[] LayerSeconds)
{
    /// <summary>The end of a piece of work that goes through all layers: each layer starts when it is there and the work has come to it.</summary>
    public Instant EndOf(Instant start, Duration work)
    {
        double end = (start + work).Seconds;
        int layers = LayerSeconds.Length;
        for (int layer = 0; layer < layers; layer++) end = Math.Max(end, LayerSeconds[layer] + (work.Seconds * (layers - layer) / layers));
        return Instant.Max(start + work, Instant.FromSeconds(end));
    }
}
