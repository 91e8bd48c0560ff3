using Krait.Engine.Programs;
using Krait.Models;
using Krait.Models.PretrainedMaps;
using Krait.Weights;

namespace Krait.Training.Execution;

/// <summary>A model together with what its weights file says about it; Coverage is null for a fresh one.</summary>
public sealed record LoadedModel(SegmentationModel Model, KraitMetadata Metadata, CoverageReport? Coverage)
    : IDisposable
{
    public void Dispose() => Model.Dispose();
}

/// <summary>Models in files: Krait's safetensors, which describe themselves, and foreign checkpoints.</summary>
public static class ModelFile
{
    /// <summary>Writes all tensors under the published names in checkpoint order; whole or not at all.</summary>
    /// <param name="allNames">
    /// Also under the second names that published state dictionaries give some tensors, for PyTorch's strict loading.
    /// </param>
    public static void Save(string path, SegmentationModel model, KraitMetadata metadata, bool allNames = false)
    {
        IEnumerable<HostTensor> tensors = model.Store.Parameters.Select(p => Tensor(model.Store, p));
        if (allNames)
            tensors = tensors.SelectMany(t => Names(model, t));
        SafetensorsFile.Write(path, tensors, metadata.ToMetadata());
    }

    /// <summary>
    /// Opens a Krait weights file: builds the model that it names. The file stays open, and tensors in it until they
    /// are needed, for as long as the model lives.
    /// </summary>
    /// <exception cref="WeightsException">The file is damaged, describes no model, or does not fit it.</exception>
    public static LoadedModel Load(string path)
    {
        TensorFile file = WeightsFile.Open(path);
        SegmentationModel? model = null;
        try
        {
            KraitMetadata metadata = KraitMetadata.Read(file);
            model = Build(file.FileName, metadata);
            WeightMatch match = Match(model, file, null, allowPartial: false);
            model.Store.Defer(Assigned(model, match).Select(a => KeyValuePair.Create<Parameter, ParameterReader>(
                a.Parameter, a.Source.CopyTo)), file);
            return new LoadedModel(model, metadata, match.Report);
        }
        catch
        {
            model?.Dispose();
            file.Dispose();
            throw;
        }
    }

    /// <summary>Fills a model from any weights file and says what matched.</summary>
    /// <param name="map">Where the names go; null: as the kind of file says (VMamba's are recognised).</param>
    /// <exception cref="WeightsException">The file is damaged,
    /// or incomplete without <paramref name="allowPartial"/>.</exception>
    public static CoverageReport LoadInto(SegmentationModel model, string path, KeyMap? map = null,
        bool allowPartial = false)
    {
        using TensorFile file = WeightsFile.Open(path);
        WeightMatch match = Match(model, file, map ?? Pretrained.MapFor(model.Id, file), allowPartial);
        foreach ((Parameter parameter, HostTensor source) in Assigned(model, match))
            model.Store.Load(parameter, source.ToFloat32());
        return match.Report;
    }

    /// <summary>
    /// All tensors of a Krait weights file under all names of the published state dictionary, so that PyTorch loads it
    /// strictly; the file itself holds each tensor once.
    /// </summary>
    /// <exception cref="WeightsException">The file describes no model.</exception>
    public static IReadOnlyList<HostTensor> WithAllNames(TensorFile file)
    {
        using SegmentationModel model = Build(file.FileName, KraitMetadata.Read(file));
        return [.. file.Tensors.SelectMany(t => Names(model, t))];
    }

    static IEnumerable<HostTensor> Names(SegmentationModel model, HostTensor tensor) =>
        model.RepeatsOf(tensor.Name).Select(tensor.Rename).Prepend(tensor);

    static SegmentationModel Build(string file, KraitMetadata metadata)
    {
        try
        {
            return ModelRegistry.Find(metadata.Model).Build(metadata.Options);
        }
        catch (ArgumentException e)
        {
            throw new WeightsException($"read {file}: the model it names cannot be built: {e.Message}", e);
        }
    }

    static WeightMatch Match(SegmentationModel model, TensorFile file, KeyMap? map, bool allowPartial)
    {
        List<ExpectedTensor> expected = [.. model.Store.Parameters.Select(p =>
            new ExpectedTensor(p.Name, Dims(p)))];
        WeightMatch match = WeightLoader.Match(expected, file, map, model.Repeats());
        match.Report.ThrowIfIncomplete(allowPartial);
        return match;
    }

    static IEnumerable<(Parameter Parameter, HostTensor Source)> Assigned(SegmentationModel model, WeightMatch match) =>
        from assignment in match.Assignments
        let parameter = model.Store.Find(assignment.Name)
        where parameter is not null
        select (parameter, assignment.Source);

    static HostTensor Tensor(ParameterStore store, Parameter p) => p.Kind == ParameterKind.Counter
        ? HostTensor.FromInt64(p.Name, Dims(p), [(long)store.Values(p)[0]])
        : HostTensor.FromFloat32(p.Name, Dims(p), () => store.Save(p));

    static long[] Dims(Parameter p) =>
        p.Kind == ParameterKind.Counter ? [] : [.. p.CheckpointShape.Dims.Select(d => (long)d)];
}
