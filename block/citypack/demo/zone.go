package demo

// zone is the character of a quarter: how fine its streets are and what is built there.
type zone uint8

const (
	hill zone = iota
	parkland
	beach
	harbour
	industry
	estates
	mixed
	centre
	oldTown
	villas
	campus
	islandZone
)

// lot is what one block holds.
type lot uint8

const (
	verge lot = iota // nothing: left-over land, grass
	forest
	park
	sand
	square
	slabs
	towers
	points // small blocks of flats
	courts // perimeter housing around courtyards
	village
	houses // old town
	villa
	offices
	mall
	market
	school
	hospital
	hall // town hall, library, theatre
	stadium
	factory
	warehouse
	container
	station
	construction
	university
	resort
)

type share struct {
	lot    lot
	weight float64
}

type character struct {
	along, across float64 // usual sides of a block in m, 0: the quarter stays whole
	bend          float64 // how much streets swing, as a part of their length
	skew          float64 // degrees that a street may lie off the axis of its quarter
	lots          []share
}

var characters = [...]character{
	hill:       {lots: []share{{forest, 1}}},
	parkland:   {lots: []share{{park, 1}}},
	beach:      {lots: []share{{sand, 1}}},
	islandZone: {lots: []share{{resort, 1}}},
	harbour:    {390, 280, 0, 2, []share{{warehouse, 4}, {container, 4}, {factory, 1}}},
	industry:   {330, 240, 0.006, 3, []share{{factory, 9}, {warehouse, 4.5}, {points, 0.8}, {construction, 0.8}, {verge, 0.8}, {park, 0.4}, {offices, 0.5}}},
	estates: {262, 205, 0.03, 5, []share{{slabs, 7.5}, {towers, 7.5}, {points, 1.5}, {courts, 1.8}, {school, 1.7}, {market, 0.9}, {park, 1.6},
		{construction, 0.8}, {hall, 0.5}, {mall, 0.6}, {offices, 0.5}}},
	mixed: {212, 165, 0.025, 4, []share{{slabs, 4}, {towers, 5.5}, {points, 1.3}, {courts, 4}, {school, 1.3}, {market, 1.2}, {park, 1.2},
		{construction, 0.7}, {hall, 0.9}, {mall, 1.1}, {offices, 2.6}}},
	centre:  {182, 142, 0.004, 1.5, []share{{offices, 9}, {towers, 2.4}, {mall, 2.2}, {square, 0.5}, {construction, 0.9}, {hall, 0.7}, {courts, 0.8}, {park, 0.9}}},
	oldTown: {128, 84, 0.06, 9, []share{{houses, 14}, {courts, 0.8}, {market, 0.4}, {square, 0.3}, {school, 0.3}, {park, 0.5}}},
	villas:  {260, 128, 0.09, 10, []share{{villa, 8}, {park, 1.2}, {forest, 2.2}}},
	campus:  {280, 230, 0.03, 5, []share{{university, 1}}},
}

// quarters says which character the quarter around a point has; others take that of the nearest.
var quarters = []struct {
	at   vec
	zone zone
}{
	{vec{-2600, 2650}, hill}, {vec{0, 3130}, hill}, {vec{0, 2580}, hill}, {vec{2300, 2780}, hill}, {vec{0, 3650}, hill},
	{vec{-1000, 2500}, hill}, {vec{1200, 2500}, hill}, {vec{-2000, 3350}, hill}, {vec{1100, 3550}, hill}, {vec{-3600, 2650}, hill},
	{vec{-2400, 2080}, hill}, {vec{1950, 2280}, hill}, {vec{3000, 2080}, villas}, {vec{-3500, 1700}, campus},
	{vec{3300, 2420}, hill}, {vec{-4620, 700}, parkland}, {vec{-4550, -200}, parkland}, {vec{-4300, 1900}, parkland}, {vec{-4250, -1000}, harbour},
	{vec{-4000, 770}, industry}, {vec{-3900, -170}, industry}, {vec{-3100, 700}, industry}, {vec{-3200, -50}, industry}, {vec{-2860, 1500}, industry},
	{vec{-3560, -830}, industry}, {vec{-3050, -750}, industry}, {vec{-3000, -900}, industry}, {vec{-2700, -700}, mixed}, {vec{-2600, -1130}, industry}, {vec{-2500, -1600}, harbour},
	{vec{-2800, -2300}, harbour}, {vec{-1700, -2550}, parkland}, {vec{-900, -2330}, parkland},
	{vec{-2600, -200}, mixed}, {vec{-2600, 450}, estates}, {vec{-2500, 950}, estates}, {vec{-2200, 1600}, estates}, {vec{-1400, 1600}, estates},
	{vec{-1600, 950}, estates}, {vec{-1800, 450}, estates}, {vec{-1900, 80}, estates}, {vec{-1600, -200}, mixed}, {vec{-1850, -1000}, estates}, {vec{-1550, -700}, mixed},
	{vec{-1500, -1200}, mixed}, {vec{-2050, -750}, estates}, {vec{-1850, -1900}, estates}, {vec{-900, -1750}, mixed}, {vec{-800, -1150}, oldTown}, {vec{-1050, -700}, oldTown}, {vec{-600, -800}, oldTown},
	{vec{-1050, 0}, mixed}, {vec{-550, 0}, mixed}, {vec{-1000, 550}, mixed}, {vec{-300, 550}, mixed}, {vec{-750, 1050}, estates}, {vec{-300, 1050}, mixed},
	{vec{-700, 1650}, estates}, {vec{-100, 1650}, estates}, {vec{-1500, 2060}, parkland}, {vec{-550, 2120}, parkland}, {vec{0, 2110}, parkland},
	{vec{-130, 800}, parkland}, {vec{-280, 300}, parkland}, {vec{-380, -300}, parkland}, {vec{-300, -800}, parkland}, {vec{-510, -1700}, parkland}, {vec{-370, -1800}, parkland},
	{vec{120, 1000}, parkland}, {vec{250, 950}, parkland}, {vec{300, 600}, parkland}, {vec{-80, 200}, parkland}, {vec{-190, -500}, parkland}, {vec{-150, -900}, parkland}, {vec{450, 1650}, parkland}, {vec{620, 1550}, parkland}, {vec{760, 2080}, parkland}, {vec{830, 2080}, parkland},
	{vec{200, 150}, centre}, {vec{150, -250}, centre}, {vec{600, 170}, centre}, {vec{600, -250}, centre}, {vec{1400, 130}, centre}, {vec{1300, -280}, centre}, {vec{100, -650}, mixed},
	{vec{550, -650}, centre}, {vec{400, -1050}, mixed}, {vec{550, -1550}, centre}, {vec{0, -1550}, mixed}, {vec{700, 600}, mixed}, {vec{1500, 600}, mixed}, {vec{800, 1080}, mixed},
	{vec{1700, 1030}, estates}, {vec{1000, 1550}, estates}, {vec{1900, 1500}, estates}, {vec{1200, 2030}, parkland}, {vec{2300, 1750}, estates}, {vec{2750, 1350}, estates},
	{vec{2800, 950}, estates}, {vec{2550, 550}, mixed}, {vec{2500, 110}, mixed}, {vec{2150, -300}, mixed}, {vec{2650, -400}, parkland}, {vec{2050, -750}, estates}, {vec{1350, -700}, mixed}, {vec{1350, -1080}, estates},
	{vec{2700, -1000}, estates}, {vec{2150, -1200}, estates}, {vec{1350, -1600}, mixed}, {vec{2550, -1750}, estates}, {vec{3300, 500}, estates}, {vec{3300, 900}, industry}, {vec{3350, 120}, mixed},
	{vec{3200, -300}, estates}, {vec{3150, -800}, estates}, {vec{3600, -1000}, estates}, {vec{4000, -50}, parkland}, {vec{4050, 650}, estates}, {vec{4050, 1450}, hill},
	{vec{4600, 800}, parkland}, {vec{4480, -100}, parkland}, {vec{4200, -1200}, beach}, {vec{3500, -2100}, beach}, {vec{2900, -2750}, villas}, {vec{2300, -2700}, parkland}, {vec{3400, -3400}, parkland},
	{vec{1300, -2050}, parkland}, {vec{0, -2000}, parkland}, {vec{800, -3200}, islandZone},
}

// places are the blocks whose use was decided by name.
var places = []struct {
	at   vec
	lot  lot
	name string
}{
	{vec{-2850, -80}, station, "样城站"}, {vec{2750, -1050}, stadium, "东湖体育场"}, {vec{-900, 150}, hall, "样城市民中心"}, {vec{-900, -60}, square, "市民广场"},
	{vec{-1500, 500}, hospital, "样城市人民医院"}, {vec{1700, 1050}, hospital, "东城医院"}, {vec{1150, 180}, mall, "星汇天地"}, {vec{-1550, -350}, mall, "百合广场购物中心"},
	{vec{2500, 600}, mall, "东湖万象城"}, {vec{1250, -1550}, mall, "海上世界广场"}, {vec{400, -1500}, hall, "海湾大剧院"}, {vec{600, 180}, square, "中央广场"},
	{vec{300, -1620}, hall, "样城会展中心"}, {vec{-2450, 500}, hospital, "西城中医院"}, {vec{3900, 300}, hospital, "海滨疗养院"}, {vec{-1850, 80}, park, "月湾公园"},
	{vec{1350, 620}, park, "创业公园"}, {vec{-750, -800}, square, "鼓楼广场"}, {vec{-2780, 1500}, container, "西站货场"}, {vec{-3100, -1750}, container, "一号码头堆场"}, {vec{1150, -280}, park, "中央公园"},
	{vec{620, -240}, park, "中央公园"}, {vec{-2350, -900}, hall, "港口博物馆"},
}

// hamlets are the old villages that the city has grown around.
var hamlets = []struct {
	at   vec
	name string
	area float64 // m²
}{
	{vec{-2350, 1000}, "榕树村", 59000}, {vec{-1900, -1750}, "渔歌村", 69000}, {vec{-1250, 1650}, "石桥村", 53000}, {vec{2350, -1150}, "东塘村", 63000},
	{vec{3350, -850}, "沙头村", 46000}, {vec{2700, 1000}, "莲塘村", 56000}, {vec{-2050, -850}, "围仔村", 59000},
	{vec{3950, 450}, "望海村", 43000}, {vec{2900, 2050}, "翠山村", 36000},
}
