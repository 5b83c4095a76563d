namespace Orrery.Serving.Systems.SpotServe;

/// <summary>What a migration may do; an ablation level takes some of it away.</summary>
/// <param name="Deal">Copies are fetched from the old replicas in turn; otherwise all from the first that has them (b: without matching).</param>
/// <param name="MovesKv">KV of interrupted batches moves too.</param>
/// <param name="Tolerance">As in <see cref="LayerOrder.Of"/>.</param>
public sealed record MigrationRules(bool Deal, bool MovesKv, double Tolerance);

/// <summary>
/// Says who sends which piece to whom, and in what order: KV first, then what lies on machines that go, then layers in the order that
/// memory allows.
/// </summary>
/// <remarks>
/// Miao et al., ASPLOS 2024, section 3.4; the artefact's dealing (b): a GPU fetches what it lacks from the replica it was part of, new GPUs
/// are dealt to the old replicas in turn, by stage and rank first. KV first and front layers next: (c). A piece whose holder is gone comes
/// from the next replica that has it, and where none has it, from storage.
/// </remarks>
/// <param name="profile">Sizes of the model.</param>
/// <param name="gpusPerMachine">Which GPUs share a machine.</param>
/// <param name="speeds">Of every machine.</param>
public sealed class MigrationPlanner(LayerProfile profile, int gpusPerMachine, MachineSpeeds speeds)
{
    /// <summary>The plan.</summary>
    /// <param name="old">What GPUs hold that can still send.</param>
    /// <param name="next">What they will hold.</param>
    /// <param name="isDying">GPUs that go at the deadline.</param>
    /// <param name="kept">Which replica goes on as which, with which batch.</param>
    /// <param name="rules">What is allowed.</param>
    public MigrationPlan Plan(Layout old, Layout next, Func<int, bool> isDying, Continuation kept, MigrationRules rules)
    {
        ArgumentNullException.ThrowIfNull(old);
        ArgumentNullException.ThrowIfNull(next);
        ArgumentNullException.ThrowIfNull(isDying);
        ArgumentNullException.ThrowIfNull(kept);
        ArgumentNullException.ThrowIfNull(rules);
        List<Transfer> kv = [], weights = [];
        Pieces pieces = new(profile, old, next, kept, isDying, rules.Deal);
        foreach (int gpu in next.Gpus.OrderBy(gpu => next.PositionOf(gpu)!.Value.Stage).ThenBy(gpu => next.PositionOf(gpu)!.Value.Rank).ThenBy(gpu => next.PositionOf(gpu)!.Value.Replica))
        {
            pieces.Weights(gpu, weights);
            if (rules.MovesKv) pieces.Kv(gpu, kv);
        }
        int[] rank = new int[profile.PaddedLayers];
        int[] order = LayerOrder.Of(profile.PaddedLayers, old, next, rules.Tolerance).Layers;
        for (int i = 0; i < order.Length; i++) rank[order[i]] = i;
        return new MigrationPlan([.. kv.OrderBy(Late), .. weights.OrderBy(Late).ThenBy(RankOf)], gpusPerMachine, speeds);

        static int Late(Transfer transfer) => transfer.FromDying ? 0 : 1;

        int RankOf(Transfer transfer) => transfer.Layer is >= 0 and < Transfer.Head ? rank[transfer.Layer] : transfer.Layer;
    }

    /// <summary>True when every KV piece of a present replica's batch still has its GPU.</summary>
    public static bool HasKv(Layout old, int replica)
    {
        ArgumentNullException.ThrowIfNull(old);
        return Enumerable.Range(0, old.Shape.Stages).All(stage =>
            Enumerable.Range(0, old.Shape.Tensor).All(rank => old.GpuAt(new Position(replica, stage, rank)) is not null));
    }

    /// <summary>The pieces that one migration moves: a layer's tensor dimension is cut as finely as the finer of both shapes.</summary>
    private sealed class Pieces(LayerProfile profile, Layout old, Layout next, Continuation kept, Func<int, bool> isDying, bool deal)
    {
        private readonly int _grain = Math.Max(old.Shape.Tensor, next.Shape.Tensor);
        private readonly int _oldStage = profile.PaddedLayers / old.Shape.Stages;
        private readonly int _nextStage = profile.PaddedLayers / next.Shape.Stages;
        private readonly Dictionary<int, List<int>> _embedding = [];
        private int _dealt;

        public void Weights(int gpu, List<Transfer> transfers)
        {
            Position to = next.PositionOf(gpu)!.Value;
            Position? had = old.PositionOf(gpu);
            int home = !deal ? 0 : had?.Replica ?? (_dealt++ % old.Shape.Replicas);
            if (had is null) Send(transfers, gpu, Transfer.Embedding, AnyOf(home), profile.EmbeddingBytes, isKv: false);
            foreach (int layer in LayersOf(to))
            {
                bool hadLayer = had is { } h && h.Stage == layer / _oldStage;
                long extra = hadLayer ? 0 : profile.LayerReplicatedBytes;
                foreach (int piece in PiecesOf(to))
                {
                    if (hadLayer && had!.Value.Rank == RankOf(piece)) continue;
                    Send(transfers, gpu, layer, Holder(home, layer, piece), (profile.LayerBytes / _grain) + extra, isKv: false);
                    extra = 0;
                }
            }
            if (to.Stage == next.Shape.Stages - 1 && had?.Stage != old.Shape.Stages - 1)
                Send(transfers, gpu, Transfer.Head, Holder(home, profile.PaddedLayers - 1, 0), profile.HeadBytes, isKv: false);
        }

        public void Kv(int gpu, List<Transfer> transfers)
        {
            Position to = next.PositionOf(gpu)!.Value;
            int from = to.Replica < kept.OldReplica.Count ? kept.OldReplica[to.Replica] : int.MaxValue;
            int batch = from < kept.LiveBatch.Count ? kept.LiveBatch[from] : 0;
            if (batch == 0) return;
            long bytes = profile.LayerKvBytes(batch, kept.ContextTokens) / _grain;
            foreach (int layer in LayersOf(to))
                foreach (int piece in PiecesOf(to))
                {
                    int? holder = old.GpuAt(new Position(from, layer / _oldStage, RankOf(piece)));
                    if (holder is { } source && source != gpu) Send(transfers, gpu, layer, source, bytes, isKv: true);
                }
        }

        private IEnumerable<int> LayersOf(Position position) => Enumerable.Range(position.Stage * _nextStage, _nextStage);

        private IEnumerable<int> PiecesOf(Position position) => Enumerable.Range(position.Rank * (_grain / next.Shape.Tensor), _grain / next.Shape.Tensor);

        private int RankOf(int piece) => piece / (_grain / old.Shape.Tensor);

        private int? Holder(int home, int layer, int piece)
        {
            for (int i = 0; i < old.Shape.Replicas; i++)
                if (old.GpuAt(new Position((home + i) % old.Shape.Replicas, layer / _oldStage, RankOf(piece))) is { } gpu) return gpu;
            return null;
        }

        /// <summary>Every GPU holds the embedding; those of a replica take turns.</summary>
        private int? AnyOf(int home)
        {
            if (!_embedding.TryGetValue(home, out List<int>? holders))
            {
                holders = [.. old.GpusOf(home)];
                if (holders.Count == 0) holders = [.. old.Gpus];
                _embedding[home] = holders;
            }
            if (holders.Count == 0) return null;
            int gpu = holders[0];
            if (deal)
            {
                holders.RemoveAt(0);
                holders.Add(gpu);
            }
            return gpu;
        }

        private void Send(List<Transfer> transfers, int to, int layer, int? from, long bytes, bool isKv)
        {
            if (from == to) return;
            transfers.Add(new Transfer(layer, from ?? Transfer.Storage, to, bytes, isKv, from is { } source && isDying(source)));
        }
    }
}
